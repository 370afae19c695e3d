import { render } from "preact";
import { App } from "./app.tsx";
import { session } from "./current.ts";
import { startRouter } from "./router.tsx";
import "./styles/tokens.css";
import "./styles/elements.css";
import "./styles/parts.css";
import "./styles/forms.css";
import "./styles/panels.css";
import "./styles/pages.css";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element #app");
startRouter();
void session.restore();
root.replaceChildren();
render(<App />, root);
