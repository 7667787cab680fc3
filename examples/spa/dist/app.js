import { auth } from "/auth/static/ostiary.js";

const find = (selector) => document.querySelector(selector);
const say = (text) => (find("[role=status]").textContent = text);

function show(me) {
  find("#sign-in").hidden = me !== null;
  find("#notes").hidden = me === null;
}

find("#sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const me = await auth.signIn(Object.fromEntries(new FormData(event.target)));
    if (me.next === "factor") return say(`One more step: ${me.methods.join(" or ")}`);
    say("");
    show(me);
  } catch (refused) {
    say(refused.message);
  }
});

find("#write").addEventListener("submit", async (event) => {
  event.preventDefault();
  const note = Object.fromEntries(new FormData(event.target));
  const answer = await auth.fetch("/api/notes", { method: "POST", body: JSON.stringify(note) });
  if (answer.ok) say(`Added by ${(await answer.json()).by}`);
});

find("#sign-out").addEventListener("click", () => auth.signOut());
auth.onSignedOut(() => {
  show(null);
  say("You are signed out.");
});

show(await auth.session());
