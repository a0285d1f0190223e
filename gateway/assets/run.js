// Renews the page of a run while it is under way. The server answers as soon as something changed, so there is nothing to wait
// for here but the answer itself.

const status = document.getElementById("run-status");
// What is no event (that an audit takes long) wakes nobody: it is seen at the next look.
const WAIT_MS = 4_000;
const RETRY_MS = 3_000;

const renew = async () => {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.getElementById("run-status");
  if (!next) return location.reload();
  document.getElementById("run-body").replaceWith(page.getElementById("run-body"));
  status.className = next.className;
  Object.assign(status.dataset, next.dataset);
  // Changing the text of the live region is what is read out.
  if (status.textContent !== next.textContent) status.textContent = next.textContent;
  document.dispatchEvent(new Event("visiting:renewed"));
};

const follow = async () => {
  let known = "queued";
  while (status.dataset.final !== "true") {
    try {
      const answer = await fetch(`/v1/runs/${status.dataset.run}?wait_ms=${WAIT_MS}`);
      if (answer.status === 401 || answer.status === 404) return location.reload();
      const run = await answer.json();
      if (run.status !== known) {
        known = run.status;
        await renew();
      }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
};

if (status && status.dataset.final !== "true") follow();
