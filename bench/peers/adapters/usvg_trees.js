// Reads a JSON object of SVGs by name from the standard input, and writes the trees that usvg makes of them, as SVG, in the same form.
const { Resvg } = require("@resvg/resvg-js");

let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (block) => { text += block; });
process.stdin.on("end", () => {
  const trees = {};
  for (const [name, svg] of Object.entries(JSON.parse(text))) {
    try {
      trees[name] = new Resvg(svg, { dpi: 96, font: { loadSystemFonts: false } }).toString();
    } catch (error) {
      trees[name] = "";
    }
  }
  process.stdout.write(JSON.stringify(trees));
});
