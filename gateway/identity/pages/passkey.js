// Asks a passkey what the page's form holds, and sends the form with its answer.
"use strict";
(() => {
  const form = document.getElementById("passkey");
  const button = document.getElementById("use-passkey");
  const told = document.getElementById("passkey-told");
  if (!form || !button || !told) return;
  if (!window.PublicKeyCredential || !navigator.credentials) {
    told.textContent = "This browser knows no passkeys. Choose another way below.";
    return;
  }
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.textContent = "Waiting for your passkey.";
    try {
      const options = JSON.parse(form.dataset.options).publicKey;
      options.challenge = bytes(options.challenge);
      options.allowCredentials = (options.allowCredentials || []).map((c) => ({ ...c, id: bytes(c.id) }));
      const made = await navigator.credentials.get({ publicKey: options });
      const said = made.response;
      form.elements.namedItem("webauthn").value = JSON.stringify({
        id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
        response: {
          authenticatorData: text(said.authenticatorData), clientDataJSON: text(said.clientDataJSON), signature: text(said.signature),
          userHandle: said.userHandle ? text(said.userHandle) : undefined,
        },
      });
      form.submit();
    } catch {
      button.disabled = false;
      told.textContent = "The passkey was not used. Try again, or choose another way below.";
      button.focus();
    }
  });
})();
