// Every request of a page goes this way: an ordinary answer says which release
// gave it, and so a page that has been open for long learns of a new one.

import { heardOf } from "./release.js";

export async function request(address, options) {
  const response = await fetch(address, options);
  heardOf(response.headers.get("X-Release"));
  return response;
}

// reasons are what a refusal says, each once.
export function reasons({ detail, errors = [] }) {
  return [detail, ...errors.map((e) => e.message).filter((m) => !detail.includes(m))].join(" – ");
}
