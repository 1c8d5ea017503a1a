// SPDX-License-Identifier: GPL-2.0-only
// Validates objects of Kubernetes against the schemas of its API: schema.mjs NODE_MODULES <OBJECTS
// OBJECTS is a list in JSON. Prints a line for each mistake.
//
// The schemas come as validating functions, and allow unknown fields, as the API server does that only warns. So
// each object is wrapped, and notes which of its fields the validator asks for: a field for which it never asks
// is one that the API does not have.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = pathToFileURL(process.argv[2] + "/kubernetes-models/_schemas/");

function wrap(value, path, objects) {
	if (value === null || typeof value !== "object")
		return value;
	const asked = new Set();
	const seen = { path, value, asked, whole: Array.isArray(value) };
	objects.push(seen);
	const parts = Object.fromEntries(Object.entries(value).map(([name, part]) =>
		[name, wrap(part, `${path}/${name}`, objects)]));
	return new Proxy(value, {
		get: (target, name) => { asked.add(name); return Object.hasOwn(parts, name) ? parts[name] : target[name]; },
		// A map, such as labels: the validator looks at whatever is in it.
		ownKeys: (target) => { seen.whole = true; return Reflect.ownKeys(target); },
	});
}

function schemaOf({ apiVersion, kind }) {
	const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["core", apiVersion];
	const word = (text) => text[0].toUpperCase() + text.slice(1);
	return new URL(`IoK8sApi${word(group.split(".")[0])}${word(version)}${kind}.js`, folder);
}

for (const object of JSON.parse(readFileSync(0, "utf8"))) {
	const name = `${object.kind} ${object.metadata?.name}`;
	const { validate } = await import(schemaOf(object));
	const objects = [];
	if (!validate(wrap(object, "", objects)))
		for (const error of validate.errors)
			console.log(`${name}: ${error.instancePath}: ${error.keyword} ${JSON.stringify(error.params)}`);
	for (const { path, value, asked, whole } of objects)
		for (const field of whole ? [] : Object.keys(value).filter((field) => !asked.has(field)))
			console.log(`${name}: ${path}: no field is called ${field}`);
}
