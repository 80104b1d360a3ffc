// is fails a test whose value is not the one that is wanted.
export function is(got, want) {
  const [g, w] = [got, want].map((v) => JSON.stringify(v));
  if (g !== w) {
    throw new Error(`${g} is not ${w}`);
  }
}

// near compares numbers up to what a person cannot see.
export function near(got, want) {
  for (const [key, value] of Object.entries(want)) {
    if (!(Math.abs(got[key] - value) < 1e-6)) {
      throw new Error(`${key} of ${JSON.stringify(got)} is not ${value}`);
    }
  }
}

export async function run(tests) {
  const results = [];
  for (const [name, test] of Object.entries(tests)) {
    let error = "";
    try {
      await test();
    } catch (e) {
      error = String(e.stack ?? e);
    }
    results.push({ name, error });
  }
  return results;
}
