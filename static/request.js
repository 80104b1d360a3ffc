// Every request of a page goes this way: an ordinary answer says which release
// gave it, and so a page that has been open for long learns of a new one, and of the
// end of its session.

import { heardOf } from "./release.js";

export async function request(address, options) {
  const response = await fetch(address, options);
  heardOf(response.headers.get("X-Release"));
  if (response.status === 401) {
    dispatchEvent(new Event("signedout"));
  }
  return response;
}

// reasons are what a refusal says, each once.
export function reasons({ detail, errors = [] }) {
  return [detail, ...errors.map((e) => e.message).filter((m) => !detail.includes(m))].join(" – ");
}
