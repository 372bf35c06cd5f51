// What the runner uses of Node, whose own declarations Debian does not have.
declare module "node:fs" {
  export function readFileSync(path: string, encoding: "utf8"): string;
}
declare const process: { readonly argv: Array<string> };
declare const Buffer: { from(text: string, encoding?: "latin1"): Uint8Array };
