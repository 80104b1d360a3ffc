// Pictures are uploaded as they come: chosen, dropped or pasted.

import { request } from "../request.js";

// upload answers with the asset that a file has become, or says in an error why not.
export async function upload(address, file) {
  const body = new FormData();
  body.append("file", file, file.name || "pasted");
  let response;
  try {
    response = await request(address, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    throw new Error("The server cannot be reached; the picture was not sent.");
  }
  const answer = await response.json();
  if (!response.ok) {
    throw new Error([answer.detail, ...(answer.errors ?? []).map((e) => e.message)].join(" – "));
  }
  return answer;
}

// boxFor is a picture's own size, or as much of it as half the page has room for,
// about a point.
export function boxFor(asset, page, at) {
  const scale = Math.min(1, page.width / 2 / asset.width, page.height / 2 / asset.height);
  const [width, height] = [asset.width, asset.height].map((v) => Math.max(1, Math.round(v * scale)));
  return { x: Math.round(at.x - width / 2), y: Math.round(at.y - height / 2), width, height };
}

