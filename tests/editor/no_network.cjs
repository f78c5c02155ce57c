// Loaded in front of the language server: what wants to reach the network leaves a word, and fails.
"use strict";

const dns = require("node:dns");
const fs = require("node:fs");
const net = require("node:net");

for (const [owner, name] of [
  [net.Socket.prototype, "connect"],
  [dns, "lookup"],
]) {
  owner[name] = () => {
    fs.appendFileSync(process.env.NETWORK_LOG, `${name}\n`);
    throw new Error("there is no network here");
  };
}
