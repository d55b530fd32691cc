// Sorts and joins the strokes of drawings as saxi does before it plans them, with its defaults.
//
// Reads lines of JSON, the path of a file with lists of strokes in mm by layer; changes the drawing and answers with the CPU seconds.
const {readFileSync, writeFileSync} = require('fs');
const {createInterface} = require('readline');
const {merge, reorder} = require('optimize-paths');
const {defaultPlanOptions} = require(process.argv[2]);

createInterface({input: process.stdin}).on('line', line => {
  const path = JSON.parse(line);
  const layers = JSON.parse(readFileSync(path, 'utf8'))
    .map(strokes => strokes.map(stroke => stroke.map(([x, y]) => ({x, y}))));
  const began = process.cpuUsage();
  const sorted = layers.map(strokes => merge(reorder(strokes), defaultPlanOptions.pathJoinRadius));
  const {user, system} = process.cpuUsage(began);
  writeFileSync(path, JSON.stringify(sorted.map(strokes => strokes.map(stroke => stroke.map(({x, y}) => [x, y])))));
  console.log((user + system) / 1e6);
});
