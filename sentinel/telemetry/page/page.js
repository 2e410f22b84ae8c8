"use strict";
// Every few seconds: fetch this page again and swap its content. Folded parts stay as the reader left them.
(() => {
  const seconds = Number(document.getElementById("content").dataset.refresh) || 5;
  const opened = () => [...document.querySelectorAll("details[data-keep][open]")].map((d) => d.dataset.keep);
  const swap = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const keep = new Set(opened());
    for (const details of fresh.querySelectorAll("details[data-keep]")) details.open = keep.has(details.dataset.keep);
    for (const id of ["content", "fresh"]) document.getElementById(id).replaceWith(fresh.getElementById(id));
    document.title = fresh.title;
    document.body.classList.remove("lost");
  };
  const refresh = async () => {
    if (document.hidden || document.querySelector("main :focus")) return;
    try {
      const answer = await fetch("/", { cache: "no-store" });
      if (answer.ok) swap(await answer.text());
      else document.body.classList.add("lost");
    } catch {
      document.body.classList.add("lost");
    }
  };
  setInterval(refresh, seconds * 1000);
  document.addEventListener("visibilitychange", refresh);
})();
