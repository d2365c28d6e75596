/** What a page costs its main thread, by the browser's own counters (CDP), and how its frames come. */

const TIMES = ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];

export async function meter(page) {
  const cdp = await page.context().newCDPSession(page);
  // Its own time on a processor: what others of the machine do is not counted against it.
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  await page.evaluate(() => {
    window.frames_ = [];
    window.longTasks_ = [];
    let last = performance.now();
    const frame = (now) => {
      window.frames_.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.longTasks_.push(entry.duration);
    }).observe({ type: "longtask" });
  });
  const read = async () => {
    const { metrics } = await cdp.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  /** What is in use once everything that is nobody's is gone. */
  const held = async () => {
    await cdp.send("HeapProfiler.enable");
    await cdp.send("HeapProfiler.collectGarbage");
    const { JSHeapUsedSize, Nodes, JSEventListeners } = await read();
    return { megabytes: Math.round((JSHeapUsedSize / 2 ** 20) * 10) / 10, nodes: Nodes, listeners: JSEventListeners };
  };
  return {
    cdp,
    held,
    /** Parts of the time that the main thread was busy while `during` ran, frame times in ms, tasks above 50 ms. */
    async over(during) {
      await page.evaluate(() => {
        window.frames_.length = 0;
        window.longTasks_.length = 0;
      });
      const begun = Date.now();
      const before = await read();
      const result = await during();
      const after = await read();
      const seconds = (Date.now() - begun) / 1000;
      const { frames, longTasks } = await page.evaluate(() => ({ frames: window.frames_, longTasks: window.longTasks_ }));
      frames.sort((a, b) => a - b);
      const at = (part) => Math.round((frames[Math.min(Math.floor(frames.length * part), frames.length - 1)] ?? NaN) * 10) / 10;
      const share = (name) => Math.round(((after[name] - before[name]) / seconds) * 1000) / 10;
      return {
        result,
        figures: {
          seconds: Math.round(seconds * 10) / 10,
          ...Object.fromEntries(TIMES.map((name) => [name.replace("Duration", " %"), share(name)])),
          frames: frames.length,
          "frame p50": at(0.5),
          "frame p95": at(0.95),
          "frame p99": at(0.99),
          "tasks > 50 ms": longTasks.length,
          "longest task": Math.round(Math.max(0, ...longTasks)),
        },
      };
    },
  };
}
