// Turns the book's blocks of mermaid code into pictures, in the reader's browser.
for (const code of document.querySelectorAll("code.language-mermaid")) {
  const picture = document.createElement("pre");
  picture.className = "mermaid";
  picture.textContent = code.textContent;
  code.parentElement.replaceWith(picture);
}
const dark = ["coal", "navy", "ayu"].some((name) =>
  document.documentElement.classList.contains(name));
mermaid.initialize({ startOnLoad: false, theme: dark ? "dark" : "default" });
mermaid.run();
