// A button beside a text puts it on the clipboard.

export function copies(button, text) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
      button.addEventListener("blur", () => (button.textContent = "Copy"), { once: true });
    } catch {
      getSelection().selectAllChildren(text); // it may not be copied from here: the person does
    }
  });
}
