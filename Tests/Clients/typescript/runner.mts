// Runs the table of jobs, the full job and many submissions through the producer in TypeScript; see Tests/Clients/run.
import { readFileSync } from "node:fs";
import { booking, Spool, SubmitError } from "./outspool.mjs";

const spool = new Spool();

async function cases(path: string): Promise<void> {
  for (const [number, line] of readFileSync(path, "utf8").trimEnd().split("\n").entries()) {
    const told: { [name: string]: unknown } = { case: number, verdict: "good" };
    try {
      await spool.submitObject(JSON.parse(line).job, `case-${number}`);
    } catch (error) {
      if (error instanceof SubmitError && error.reason === "invalid") {
        told["verdict"] = "bad";
        told["pointer"] = error.pointer;
      } else {
        told["verdict"] = "error";
        told["message"] = String(error);
      }
    }
    console.log(JSON.stringify(told));
  }
}

function check(isRight: boolean, what: unknown): void {
  if (!isRight) throw new Error(JSON.stringify(what));
}

async function full(): Promise<void> {
  const job = booking({
    reference: "AB-1234", guest: { name: "Zoë", email: "zoe@example.com" }, nights: 2, price: 9.75, room: "suite",
    extras: ["a", "b"], party: { name: "a", with: [{ name: "b" }] }, "a/b~c": true,
  });
  await spool.submit(job, {
    to: ["Zoë <zoe@example.com>", { name: "Q, Zoe", email: "q@example.com" }], cc: "c@example.com",
    bcc: ["d@example.com"], from: "Shop <shop@example.com>", replyTo: "r@example.com", sender: "s@example.com",
    envelope: { from: "bounce@example.com", to: ["zoe@example.com"] },
    dsn: { notify: ["failure"], return: "headers", envelopeId: "e 1" }, locale: "de-AT", headers: { "X-A": "b" },
    attachments: [
      { content: Buffer.from("x"), filename: "a.txt", contentType: "text/plain", cid: "a" }, { file: "b.pdf" }],
    priority: "high", sendAt: new Date("2099-01-02T03:04:05Z"), expiresAt: new Date("2099-02-03T04:05:06Z"),
    tags: ["t"], metadata: { order: 1042 }, id: "full",
  });
  const mail = { subject: "s", text: "t", html: "<p>t" };
  await (await spool.prepare(mail, { to: "a@b.example", id: "mail" })).publish();
  const results = await spool.submitAll([
    { job: { message: "From: a@b.example\n\nhällo" }, to: "a@b.example", id: "message" },
    { job: { message: Buffer.from("From: a@b.example\n\n\xe9", "latin1") }, to: "a@b.example", id: "bytes" },
    { job: { subject: "s", text: "t" }, to: "nobody" },
    { job: mail, to: "a@b.example", id: "mail" },
    { job: { subject: "another", text: "t" }, to: "a@b.example", id: "mail" },
    { job: mail, to: "a@b.example", sendAt: new Date("no date") },
    { job: { template: "x", params: { a: [1, Number.NaN] } }, to: "a@b.example" },
    { job: { template: "x", params: { a: 2 ** 53 } }, to: "a@b.example" },
    { job: { template: "x", params: { a: "\ud800" } }, to: "a@b.example" },
  ]);
  const told = results.map((result) =>
    typeof result === "string" ? result : `${result.reason} ${result.pointer}`);
  const wanted = [
    "message", "bytes", "invalid /to", "alreadyQueued undefined", "invalid id", "invalid /sendAt", "invalid /params/a/1",
    "invalid /params/a", "invalid /params/a"];
  check(JSON.stringify(told) === JSON.stringify(wanted), told);
  const outcome = await spool.outcome("full");
  check(outcome?.state === "new" && outcome.event === null, outcome);
  check((await spool.outcome("unknown")) === null, "unknown");
}

async function many(tasks: number, count: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    for (let number = next++; number < count; number = next++) {
      const id = `typescript-${number}`;
      for (;;) {
        try {
          await spool.submit({ subject: id, text: "t" }, { to: "a@b.example", id });
          break;
        } catch (error) {
          if (!(error instanceof SubmitError)) throw error;
          if (error.reason === "alreadyQueued") break;
          if (error.reason !== "temporary" && error.reason !== "unsettled") throw error;
        }
      }
    }
  };
  await Promise.all(Array.from({ length: tasks }, work));
}

const [part, first = "", second = ""] = process.argv.slice(2);
if (part === "cases") await cases(first);
else if (part === "full") await full();
else await many(Number(first), Number(second));
