// What runs on a page: ECharts, with only the parts that Bellwether draws with, and the code that
// brings every <div data-bellwether='{...}'> to life, whether it is on the page already or comes later.
import { use, init, connect, version } from 'echarts/core';
import { BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent, DataZoomComponent, GridComponent, LegendPlainComponent, MarkAreaComponent, MarkLineComponent,
  TitleComponent, ToolboxComponent, TooltipComponent, VisualMapComponent,
} from 'echarts/components';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

use([
  BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, ScatterChart,
  AriaComponent, DataZoomComponent, GridComponent, LegendPlainComponent, MarkAreaComponent, MarkLineComponent,
  TitleComponent, ToolboxComponent, TooltipComponent, VisualMapComponent,
  CanvasRenderer, SVGRenderer,
]);

const raised = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };
const minus = (s) => s.replace('-', '−');
const escape = (s) => String(s).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

// The functions that an option may name as "fn:...": each is made for the object that names it, and the whole.
const functions = {
  // 6.477 decades: 3·10⁶
  power: () => (v) => {
    const e = Math.floor(v + 1e-9);
    const m = Math.round(10 ** (v - e));
    return `${m === 1 ? '' : `${m}·`}10${[...String(e)].map((c) => raised[c]).join('')}`;
  },
  percent: (label) => (v) => minus((v * 100).toFixed(label.decimals)).replace(/^−(0(\.0*)?)$/, '$1'),
  number: (label) => (v) => minus(v.toFixed(label.decimals)).replace(/^−(0(\.0*)?)$/, '$1'),
  // what hovering says: the model once, then a line for each value at its size
  tip: (tooltip, base) => (params) => {
    const shown = (Array.isArray(params) ? params : [params]).filter((p) => p.data && p.data.tip);
    const lines = [];
    let head = '';
    for (const p of shown) {
      if (p.data.head !== head) {
        head = p.data.head;
        lines.push(`<b>${escape(head)}</b>`);
      }
      lines.push(`<span style="display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.4em;background:${escape(p.borderColor || p.color)}"></span>${escape(base.series[p.seriesIndex].what)} ${escape(p.data.tip)}, ${escape(p.seriesName)}`);
    }
    return lines.join('<br>');
  },
  // data [x, low, high]: an error bar
  bar: () => (params, api) => {
    const [x, y0] = api.coord([api.value(0), api.value(1)]);
    const [, y1] = api.coord([api.value(0), api.value(2)]);
    const style = { stroke: api.visual('color'), lineWidth: 1.5, fill: 'none' };
    const line = (x1, ya, x2, yb) => ({ type: 'line', shape: { x1, y1: ya, x2, y2: yb }, style });
    return { type: 'group', children: [line(x, y0, x, y1), line(x - 3.5, y0, x + 3.5, y0), line(x - 3.5, y1, x + 3.5, y1)] };
  },
  // data [x, low, high]: the area between two curves, drawn with the first datum
  band: (series) => {
    const rows = series.data.map((d) => d.value);
    return (params, api) => {
      if (params.dataIndex !== 0) return null;
      const high = rows.map((r) => api.coord([r[0], r[2]]));
      const low = rows.map((r) => api.coord([r[0], r[1]])).reverse();
      return { type: 'polygon', shape: { points: [...high, ...low] }, style: { fill: api.visual('color'), opacity: series.itemStyle.opacity } };
    };
  },
};

// fit returns what to multiply letters by so that text is as wide as it was laid for: where a page has none of
// the fonts of Arial's widths, its own are up to a sixth wider.
function fit(spec) {
  const pen = document.createElement('canvas').getContext('2d');
  pen.font = `100px ${spec.option.baseOption.textStyle.fontFamily}`;
  const wide = pen.measureText('Model size (parameters)').width / spec.ruler;
  return wide > 1.02 ? Math.max(1 / wide, 0.8) : 1;
}

// resolve copies an option, with functions in the place of their names, colours for a dark page and letters of
// a size that fits.
function resolve(node, colors, letters, base) {
  if (Array.isArray(node)) return node.map((n) => resolve(n, colors, letters, base));
  if (node && typeof node === 'object') {
    const copy = {};
    for (const [key, value] of Object.entries(node)) {
      if ((key === 'formatter' || key === 'renderItem') && typeof value === 'string' && value.startsWith('fn:')) {
        const make = functions[value.slice(3)];
        if (!make) throw new Error(`chart: no function ${value}`);
        copy[key] = make(node, base);
      } else {
        copy[key] = key === 'fontSize' ? value * letters : resolve(value, colors, letters, base);
      }
    }
    return copy;
  }
  return typeof node === 'string' && Object.hasOwn(colors, node) ? colors[node] : node;
}

// ground returns the colour behind an element as [r, g, b], or null where nothing is painted.
function ground(el) {
  for (let e = el; e; e = e.parentElement) {
    const m = getComputedStyle(e).backgroundColor.match(/[\d.]+/g);
    if (m && (m.length < 4 || Number(m[3]) > 0.5)) return m.slice(0, 3).map(Number);
  }
  return null;
}

// A page is dark if Jupyter says so, else if what is painted behind the chart is dark, else if it says that
// it follows the reader's scheme and that is dark.
function darkness(el) {
  const behind = ground(el);
  const said = document.body && document.body.dataset.jpThemeLight;
  let dark;
  if (said === 'true' || said === 'false') dark = said === 'false';
  else if (behind) dark = behind[0] * 0.299 + behind[1] * 0.587 + behind[2] * 0.114 < 128;
  else dark = getComputedStyle(document.documentElement).colorScheme.includes('dark') && matchMedia('(prefers-color-scheme: dark)').matches;
  return { dark, paper: behind ? `rgb(${behind.join(',')})` : '' };
}

function start() {
  const live = new Map(); // div -> { chart, stage, shade }

  function mount(el) {
    let spec;
    const stage = document.createElement('div');
    try {
      spec = JSON.parse(el.dataset.bellwether);
      const { dark, paper } = darkness(el);
      const colors = dark ? { ...spec.dark } : {};
      if (paper) colors['#ffffff'] = paper;
      const picture = el.querySelector('img');
      stage.style.cssText = `width:100%;height:${picture.getAttribute('height')}px`;
      el.insertBefore(stage, picture);
      picture.style.display = 'none';
      const chart = init(stage, null, { renderer: 'canvas' });
      chart.setOption(resolve(spec.option, colors, fit(spec), spec.option.baseOption));
      chart.group = `bellwether ${spec.group}`;
      connect(chart.group);
      live.set(el, { chart, stage, shade: `${dark} ${paper}` });
      el.dataset.live = spec.id;
    } catch (err) { // the picture is still there
      stage.remove();
      const picture = el.querySelector('img');
      if (picture) picture.style.display = '';
      el.dataset.live = 'failed';
      console.error('bellwether:', err);
    }
  }

  function unmount(el) {
    const { chart, stage } = live.get(el);
    live.delete(el);
    chart.dispose();
    stage.remove();
    el.querySelector('img').style.display = '';
    delete el.dataset.live;
  }

  // Charts are mounted when they first have a size, so also when a hidden tab is opened, and taken down
  // when they leave the page, as cells do when they are cleared or scrolled out of a long notebook.
  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      if (!target.isConnected) {
        if (live.has(target)) unmount(target);
      } else if (contentRect.width > 0) {
        if (live.has(target)) live.get(target).chart.resize();
        else if (target.dataset.live !== 'failed') mount(target);
      }
    }
  });
  const find = (root) => {
    if (root.matches && root.matches('[data-bellwether]')) sizes.observe(root);
    if (root.querySelectorAll) root.querySelectorAll('[data-bellwether]').forEach((el) => sizes.observe(el));
  };
  new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach(find)))
    .observe(document.documentElement, { childList: true, subtree: true });

  const repaint = () => setTimeout(() => {
    for (const [el, { shade }] of [...live]) {
      const { dark, paper } = darkness(el);
      if (shade !== `${dark} ${paper}`) {
        unmount(el);
        mount(el);
      }
    }
  }, 50); // when the page's own styles have changed
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributes: true });
  if (document.body) new MutationObserver(repaint).observe(document.body, { attributes: true });

  find(document.documentElement);
  return { version, chart: (el) => live.get(el) && live.get(el).chart };
}

export { start };
