// Starts the vendored ALTCHA widget on a page with a form: one module, no inline script, style or worker, no third party.
//
// On the page: this as a module, altcha.css as a style sheet, and in the form
// <altcha-widget challenge="/api/v1/challenge?petition=…" language="fr" auto="onfocus"></altcha-widget>.

import "./altcha.min.js";
import "./fr-fr.js";
import "./hy.js";

const { algorithms, defaults, i18n } = globalThis.$altcha;

// The page asks for "fr"; the widget's file is named for the country.
i18n.set("fr", i18n.get("fr-fr"));
algorithms.set("SHA-256", () => new Worker(new URL("work.js", import.meta.url)));
// The widget would note pointer and scroll movements for a service that we do not use; and a form leads nowhere else.
defaults.set({ humanInteractionSignature: false, hideFooter: true, hideLogo: true });
