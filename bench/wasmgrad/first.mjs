/** What `startup/` times: node first.mjs ENTRY TASK. */
const [entry, text] = process.argv.slice(2);
const { dense, sequential } = await import(entry);
const { input, layers, output, weights, x } = JSON.parse(text);
const last = layers.length - 1;
const model = sequential(
  layers.map(({ units, activation }, i) =>
    dense(units, { activation: i === last ? output : activation }),
  ),
  { inputShape: input },
);
await model.build();
await model.setWeights(weights);
const { data } = await model.predict({ data: Float32Array.from(x), shape: [1, ...input] });
console.log(JSON.stringify([...data]));
