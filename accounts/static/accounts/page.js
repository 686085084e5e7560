// A mailed link carries its token behind the #, which browsers send to no server. It leaves the address bar at once.
const form = document.getElementById("link");
const answer = document.getElementById("answer");
const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
history.replaceState(null, "", location.pathname);

function say(text, isRight) {
  answer.textContent = text;
  answer.className = isRight ? "right" : "wrong";
}

async function send() {
  const body = { token, ...Object.fromEntries(new FormData(form)) };
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(form.dataset.route, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.ok) {
    form.hidden = true;
    say(answer.dataset.done, true);
    return;
  }
  const problem = await response.json();
  say((problem.errors || []).map((one) => one.message).join(" ") || problem.detail, false);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  form.querySelector("button").disabled = true;
  send()
    .catch(() => say("There was no answer. Try again in a moment.", false))
    .finally(() => { form.querySelector("button").disabled = false; });
});
if (!token) {
  form.hidden = true;
  say("This link is not complete. Open it from the mail once more.", false);
}
