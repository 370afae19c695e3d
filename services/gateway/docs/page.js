// Renders openapi.json. Text goes in as text only, so nothing in the document can become markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(tag, content = [], attributes = {}) {
  const made = document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
  made.append(...[content].flat());
  return made;
}

function resolved(api, schema) {
  if (!schema?.$ref) return schema ?? {};
  return schema.$ref.slice(2).split("/").reduce((at, name) => at[name], api);
}

/** A schema as indented text: members with their types, `?` where one may be left out. */
function outline(api, schema, indent = "", seen = []) {
  if (schema?.$ref && seen.includes(schema.$ref)) return schema.$ref.split("/").pop();
  const inside = schema?.$ref ? [...seen, schema.$ref] : seen;
  const found = resolved(api, schema);
  const options = found.anyOf ?? found.oneOf;
  if (options) return options.map((option) => outline(api, option, indent, inside)).join(" | ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (found.type === "array") return `[${outline(api, found.items, indent, inside)}]`;
  if (!found.properties) return [found.type ?? "any", found.format && `(${found.format})`].filter(Boolean).join(" ");
  const members = Object.entries(found.properties).map(([name, member]) => {
    const optional = found.required?.includes(name) ? "" : "?";
    return `${indent}  ${name}${optional}: ${outline(api, member, `${indent}  `, inside)}`;
  });
  return `{\n${members.join("\n")}\n${indent}}`;
}

function contents(api, title, content) {
  return Object.entries(content ?? {}).flatMap(([type, { schema }]) => [
    element("h3", `${title} (${type})`),
    element("pre", outline(api, schema)),
  ]);
}

function parameters(api, given) {
  if (!given.length) return [];
  const rows = given.map((one) => {
    const { name, in: place, required, schema, description } = resolved(api, one);
    const cells = [element("code", name), place, outline(api, schema), required ? "required" : "", description ?? ""];
    return element("tr", cells.map((cell) => element("td", cell)));
  });
  return [element("h3", "Parameters"), element("table", rows)];
}

function operation(api, path, method, what) {
  const open = Array.isArray(what.security) && !what.security.length;
  const summary = element("summary", [
    element("span", method.toUpperCase(), { class: "method" }),
    element("code", path),
    ` ${what.summary ?? ""}`,
    element("span", open ? " (open)" : "", { class: "open" }),
  ]);
  const responses = Object.entries(what.responses ?? {}).flatMap(([status, response]) => {
    const { description, content } = resolved(api, response);
    return content ? contents(api, `${status} ${description}`, content) : [element("h3", `${status} ${description}`)];
  });
  const body = resolved(api, what.requestBody);
  return element("details", [
    summary,
    element("p", what.description ?? ""),
    ...parameters(api, what.parameters ?? []),
    ...contents(api, "Body", body.content),
    ...responses,
  ], { "data-text": `${method} ${path} ${what.summary ?? ""}`.toLowerCase() });
}

function sections(api) {
  const groups = new Map();
  for (const [path, item] of Object.entries(api.paths).sort()) {
    const name = path.split("/")[3] ?? path;
    for (const method of METHODS.filter((one) => item[one])) {
      groups.set(name, [...(groups.get(name) ?? []), operation(api, path, method, item[method])]);
    }
  }
  return [...groups].map(([name, operations]) => element("section", [element("h2", name), ...operations]));
}

function find(text) {
  for (const details of document.querySelectorAll("details")) {
    details.hidden = !details.dataset.text.includes(text.toLowerCase());
  }
}

async function main() {
  const target = document.getElementById("operations");
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error(`the document cannot be had: ${answer.status}`);
    target.replaceChildren(...sections(await answer.json()));
    document.getElementById("find").addEventListener("input", (event) => find(event.target.value));
  } catch (error) {
    target.textContent = `${error.message}. Try again shortly.`;
  }
}

await main();
