() => {
  // The next page is written into this document, which keeps what these have said of
  // it when they are gone. By the prototype: a page may have a form of that name.
  const all = (selector) => Document.prototype.querySelectorAll.call(document, selector);
  for (const element of all("meta, body")) {
    for (const name of element.getAttributeNames()) element.removeAttribute(name);
  }
  // Nor is this page painted once more, in the size of the next.
  for (const root of all(":root")) root.remove();
  scrollTo({ left: 0, top: 0, behavior: "instant" });
  return null;
}
