/**
 * Nodemailer's transport to a spool: nodemailer.createTransport(outspoolTransport()).
 *
 * It needs the producer next to it: outspool types --lang typescript. With OUTSPOOL_SPOOL=memory: nothing is sent.
 */
import { Spool } from "./outspool.mjs";

/** The promise of sendMail() is kept, with the job's id as `messageId` of the spool, when the message is on disk. */
export function outspoolTransport(spool = new Spool()) {
  return {
    name: "outspool",
    version: "1",
    send(mail, callback) {
      const envelope = mail.message.getEnvelope();
      mail.message.build((error, message) => {
        if (error) return callback(error);
        spool.submit({ message }, { envelope: { from: envelope.from || "", to: envelope.to } })
          .then((id) => callback(null, { envelope, messageId: mail.message.messageId(), id }), callback);
      });
    },
  };
}
