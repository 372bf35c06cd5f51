// A mail of Nodemailer with a Bcc and an attachment, and one that cannot be sent.
import assert from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { outspoolTransport } from "./outspool_nodemailer.mjs";

const nodemailer = createRequire(import.meta.url)("/usr/share/nodejs/nodemailer");
const transport = nodemailer.createTransport(outspoolTransport());
const mail = {
  from: "Shop <shop@example.com>", to: "Zoë <zoe@example.com>", bcc: "b@example.com", subject: "Grüße", text: "t",
  html: "<p>t", attachments: [{ filename: "a.txt", content: "x" }],
};
const { id } = await transport.sendMail(mail);
const spool = `${process.env.OUTSPOOL_SPOOL}/new`;
assert.deepStrictEqual(readdirSync(spool), [id]);
const job = JSON.parse(readFileSync(`${spool}/${id}`, "utf8"));
assert.deepStrictEqual(job.envelope, { from: "shop@example.com", to: ["zoe@example.com", "b@example.com"] });
assert(job.message.includes("a.txt") && !job.message.includes("b@example.com"));
await assert.rejects(transport.sendMail({ ...mail, to: undefined, bcc: undefined }), { reason: "invalid" });
