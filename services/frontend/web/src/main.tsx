import { render } from "preact";
import { App } from "./app.tsx";
import { session } from "./current.ts";
import "./styles.css";

const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element #app");
void session.restore();
render(<App />, root);
