// run.ts
var [, , name, settings] = process.argv;
var subject = await import(new URL(`./${name}.js`, import.meta.url).href);
var report = await subject.run(JSON.parse(settings));
process.send(report, void 0, void 0, () => process.disconnect());
//# sourceMappingURL=run.js.map
