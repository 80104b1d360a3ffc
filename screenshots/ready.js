async (prepare) => {
  // Another window means that the page has left, and the tab's policy with it.
  if (window.ours !== true) throw new Error("the page navigated away");
  if (document.readyState !== "complete") return { complete: false };

  const settled = () => {
    document.documentElement.getBoundingClientRect(); // layout is what asks for fonts
    return document.fonts.ready;
  };
  await settled();

  const writtenIn = (family) =>
    [...document.querySelectorAll("[data-element] *")]
      .find((text) => getComputedStyle(text).fontFamily.includes(family))
      ?.closest("[data-element]").dataset.element ?? "";
  const problems = [...document.images]
    .filter((image) => !image.complete || image.naturalWidth === 0)
    .map((image) => ({
      element: image.closest("[data-element]")?.dataset.element ?? "",
      message: "its image cannot be read",
    }));
  for (const font of document.fonts) {
    if (font.status === "error") problems.push({ element: writtenIn(font.family), message: "its font cannot be read" });
  }
  if (problems.length === 0) problems.push(...((await prepare()) ?? []));
  await settled();
  return { complete: true, problems };
}
