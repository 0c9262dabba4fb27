"use strict";
// A surface and its points, turned by hand: triangles and dots into a picture with a depth for every pixel.
// No graphics card is asked for, so that the page is the same on every machine.

const LIGHT = [0.25, 0.35, 0.9], AMBIENT = 0.45;
const EYE = 5.2;             // from the middle of the box, whose longest side is 2
const NEAR_DOT = 0.004;      // so much nearer a dot is taken to be, so that the surface does not cut it
const TURN = 0.25;           // radians a second
const FAST = 28, SLOW = 60;  // milliseconds a picture may take to be made finer, or coarser
const STILL = 180;           // milliseconds without a change until the fine picture

function unpacked(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Kind(bytes.buffer);
}

class Picture {
  constructor(scene) {
    this.axes = scene.axes;
    this.vertices = Float32Array.from(unpacked(scene.vertices, Int16Array), (x) => x / 32767 * scene.reach);
    this.points = Float32Array.from(unpacked(scene.points, Int16Array), (x) => x / 32767 * scene.reach);
    this.normals = Float32Array.from(unpacked(scene.normals, Int8Array), (x) => x / 127);
    this.errors = unpacked(scene.errors, Uint8Array);
    this.cells = unpacked(scene.cells, Uint32Array);
    this.corners = scene.corners;
    this.palette = unpacked(scene.palette, Uint8Array);
    this.plain = scene.plain;
    this.dot = scene.dot;
    this.placed = new Float32Array(this.vertices.length);
    this.lit = new Float32Array(this.vertices.length);
    this.buffer = document.createElement("canvas");
  }

  // Pixels of a view; `shown` says which of its parts.
  drawn(view, shown, width, height) {
    if (this.buffer.width !== width || this.buffer.height !== height) {
      this.buffer.width = width;
      this.buffer.height = height;
      this.image = this.buffer.getContext("2d").createImageData(width, height);
      this.colours = new Uint32Array(this.image.data.buffer);
      this.depth = new Float32Array(width * height);
    }
    this.colours.fill(0);
    this.depth.fill(0);
    this.width = width;
    this.height = height;
    if (shown.surface) this.surface(view, shown.colours);
    if (shown.cloud) this.cloud(view);
    this.buffer.getContext("2d").putImageData(this.image, 0, 0);
    return this.buffer;
  }

  surface(view, coloured) {
    const { vertices, placed, lit, normals, palette, errors } = this;
    const m = view.matrix, curve = this.corners === 2;
    for (let i = 0; i < vertices.length; i += 3) {
      view.place(vertices[i], vertices[i + 1], vertices[i + 2], placed, i);
      let shade = 1;
      if (!curve) {
        const a = normals[i], b = normals[i + 1], c = normals[i + 2];
        const x = m[0] * a + m[1] * b + m[2] * c, y = m[3] * a + m[4] * b + m[5] * c;
        const z = m[6] * a + m[7] * b + m[8] * c, side = z < 0 ? -1 : 1;
        shade = AMBIENT + (1 - AMBIENT) * Math.max(0, side * (LIGHT[0] * x + LIGHT[1] * y + LIGHT[2] * z));
      }
      const colour = 3 * errors[i / 3];
      for (let k = 0; k < 3; k++) lit[i + k] = shade * (coloured ? palette[colour + k] : this.plain[k]);
    }
    const { cells } = this;
    if (curve) {
      for (let i = 0; i < cells.length; i += 2) this.piece(3 * cells[i], 3 * cells[i + 1], view.dot);
    } else {
      for (let i = 0; i < cells.length; i += 3) this.triangle(3 * cells[i], 3 * cells[i + 1], 3 * cells[i + 2]);
    }
  }

  // Depth is 1 over the distance, which is linear across the picture.
  triangle(a, b, c) {
    const { placed: p, lit, depth, colours, width, height } = this;
    const ax = p[a], ay = p[a + 1], bx = p[b], by = p[b + 1], cx = p[c], cy = p[c + 1];
    const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    if (area === 0) return;
    const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
    const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
    const bottom = Math.min(height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
    const ux = (by - cy) / area, uy = (cx - bx) / area, vx = (cy - ay) / area, vy = (ax - cx) / area;
    const red = lit[a], green = lit[a + 1], blue = lit[a + 2];
    for (let y = top; y <= bottom; y++) {
      let u = ux * (left + 0.5 - cx) + uy * (y + 0.5 - cy);
      let v = vx * (left + 0.5 - cx) + vy * (y + 0.5 - cy);
      for (let x = left, place = y * width + left; x <= right; x++, place++, u += ux, v += vx) {
        const w = 1 - u - v;
        if (u < -1e-5 || v < -1e-5 || w < -1e-5) continue;
        const near = u * p[a + 2] + v * p[b + 2] + w * p[c + 2];
        if (near <= depth[place]) continue;
        depth[place] = near;
        colours[place] = 0xff000000 | (u * red + v * lit[b] + w * lit[c])
          | (u * green + v * lit[b + 1] + w * lit[c + 1]) << 8
          | (u * blue + v * lit[b + 2] + w * lit[c + 2]) << 16;
      }
    }
  }

  piece(a, b, radius) {
    const { placed: p, lit } = this;
    const steps = Math.ceil(Math.hypot(p[b] - p[a], p[b + 1] - p[a + 1]));
    for (let i = 0; i <= steps; i++) {
      const t = steps ? i / steps : 0, at = (k) => p[a + k] + t * (p[b + k] - p[a + k]);
      this.disc(at(0), at(1), at(2), radius, 0xff000000 | lit[a] | lit[a + 1] << 8 | lit[a + 2] << 16);
    }
  }

  cloud(view) {
    const { points } = this, place = new Float32Array(3);
    const colour = 0xff000000 | this.dot[0] | this.dot[1] << 8 | this.dot[2] << 16;
    for (let i = 0; i < points.length; i += 3) {
      view.place(points[i], points[i + 1], points[i + 2], place, 0);
      this.disc(place[0], place[1], place[2] + NEAR_DOT, view.dot, colour);
    }
  }

  disc(x, y, near, radius, colour) {
    const { width, height, depth, colours } = this;
    const top = Math.max(0, Math.ceil(y - radius - 0.5)), bottom = Math.min(height - 1, Math.floor(y + radius - 0.5));
    for (let j = top; j <= bottom; j++) {
      const half = Math.sqrt(Math.max(0, radius * radius - (j + 0.5 - y) ** 2));
      const left = Math.max(0, Math.ceil(x - half - 0.5)), right = Math.min(width - 1, Math.floor(x + half - 0.5));
      for (let place = j * width + left; place <= j * width + right; place++) {
        if (near > depth[place]) {
          depth[place] = near;
          colours[place] = colour;
        }
      }
    }
  }
}

// From where the box is looked at: directions to the right, upward and towards the eye are the rows of a matrix.
class View {
  constructor(state, half, width, height) {
    const [ce, se, ca, sa] = [Math.cos(state.up), Math.sin(state.up), Math.cos(state.around), Math.sin(state.around)];
    this.matrix = [-sa, ca, 0, -se * ca, -se * sa, ce, ce * ca, ce * sa, se];
    // The box fits into the picture from every side, with room for the labels.
    const round = Math.hypot(half[0], half[1]);
    this.size = 0.47 * state.zoom * EYE * Math.min(width / (1.15 * round), height / (0.65 * round + 1.1 * half[2]));
    this.middle = [width / 2, height / 2];
    this.dot = 0;
  }

  place(x, y, z, into, at) {
    const m = this.matrix, near = 1 / (EYE - (m[6] * x + m[7] * y + m[8] * z));
    into[at] = this.middle[0] + this.size * near * (m[0] * x + m[1] * y + m[2] * z);
    into[at + 1] = this.middle[1] - this.size * near * (m[3] * x + m[4] * y + m[5] * z);
    into[at + 2] = near;
  }
}

class Viewer {
  constructor(canvas, scene) {
    this.canvas = canvas;
    this.picture = new Picture(scene);
    this.shown = { surface: true, cloud: true, colours: scene.coloured };
    this.start = { up: scene.up, around: scene.around, zoom: 1 };
    this.state = { ...this.start };
    this.turning = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.visible = true;
    this.grain = 1;   // pixels drawn for each of the screen, along a side
    this.changed = 0;
    this.fine = false;
    this.pictures = 0;
    this.held = new Map();
    this.listen();
    requestAnimationFrame((time) => this.tick(time));
  }

  touch() {
    this.changed = performance.now();
    this.fine = false;
  }

  tick(time) {
    const passed = Math.min(0.1, (time - (this.time ?? time)) / 1000);
    this.time = time;
    if (this.visible && this.turning && !this.held.size) {
      this.state.around -= TURN * passed;
      this.touch();
    }
    const still = performance.now() - this.changed > STILL;
    if (this.visible && (!this.fine || this.pictures === 0)) {
      const begun = performance.now();
      this.draw(still ? 2 : this.grain);
      const spent = performance.now() - begun;
      if (still) this.fine = true;
      else if (spent > SLOW) this.grain = Math.max(0.5, this.grain * 0.8);
      else if (spent < FAST) this.grain = Math.min(1.5, this.grain * 1.05);
    }
    requestAnimationFrame((next) => this.tick(next));
  }

  draw(grain) {
    const { canvas } = this, ratio = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const half = this.picture.axes.map((axis) => axis.half);
    this.frame(context, new View(this.state, half, width, height), ratio);
    const wide = Math.max(1, Math.round(width * grain / Math.max(1, ratio * 0.75)));
    const high = Math.max(1, Math.round(height * wide / width));
    const view = new View(this.state, half, wide, high);
    view.dot = Math.max(0.8, 2.1 * Math.sqrt(this.state.zoom) * wide / canvas.clientWidth);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.picture.drawn(view, this.shown, wide, high), 0, 0, width, height);
    this.pictures += 1;
    canvas.dataset.pictures = this.pictures;
  }

  // The sides of the box behind everything, with the name and the range of each axis.
  frame(context, view, ratio) {
    const half = this.picture.axes.map((axis) => axis.half), m = view.matrix;
    const style = getComputedStyle(this.canvas);
    const back = [0, 1, 2].map((axis) => (m[6 + axis] > 0 ? -1 : 1)); // which of two walls is farther away
    const at = (signs) => {
      const place = [0, 0, 0];
      view.place(signs[0] * half[0], signs[1] * half[1], signs[2] * half[2], place, 0);
      return place;
    };
    const line = (from, to) => {
      context.beginPath();
      context.moveTo(from[0], from[1]);
      context.lineTo(to[0], to[1]);
      context.stroke();
    };
    context.strokeStyle = style.getPropertyValue("--faint");
    context.globalAlpha = 0.55;
    context.lineWidth = ratio;
    for (let axis = 0; axis < 3; axis++) {
      const [j, k] = [(axis + 1) % 3, (axis + 2) % 3];
      for (const [sj, sk] of [[back[j], back[k]], [back[j], -back[k]], [-back[j], back[k]]]) {
        const ends = [-1, 1].map((sign) => {
          const signs = [0, 0, 0];
          [signs[axis], signs[j], signs[k]] = [sign, sj, sk];
          return at(signs);
        });
        line(...ends);
      }
    }
    context.globalAlpha = 1;
    context.fillStyle = style.color;
    context.font = `${13 * ratio}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let axis = 0; axis < 3; axis++) this.labels(context, axis, back, at, ratio);
  }

  labels(context, axis, back, at, ratio) {
    const [j, k] = [(axis + 1) % 3, (axis + 2) % 3], { name, low, high } = this.picture.axes[axis];
    const along = (t, [sj, sk]) => {
      const signs = [0, 0, 0];
      [signs[axis], signs[j], signs[k]] = [t, sj, sk];
      return at(signs);
    };
    // The axis is told at the edge of a back wall that is lowest in the picture; the upright one at the left.
    const edges = [[back[j], -back[k]], [-back[j], back[k]]];
    const merit = (edge) => (axis === 2 ? -along(0, edge)[0] : along(0, edge)[1]);
    const edge = edges.reduce((best, other) => (merit(other) > merit(best) ? other : best));
    const centre = at([0, 0, 0]), middle = along(0, edge), ends = [along(-1, edge), along(1, edge)];
    let [nx, ny] = [ends[0][1] - ends[1][1], ends[1][0] - ends[0][0]];
    const length = Math.hypot(nx, ny);
    if (length < 30 * ratio) return; // looked at from its end
    const side = Math.sign(nx * (middle[0] - centre[0]) + ny * (middle[1] - centre[1])) || 1;
    [nx, ny] = [side * nx / length, side * ny / length];
    const write = (text, [x, y], gap) => context.fillText(text, x + nx * gap * ratio, y + ny * gap * ratio);
    const inward = (from, to) => [0, 1].map((i) => from[i] + 0.06 * (to[i] - from[i]));
    write(low, inward(ends[0], ends[1]), 17);
    write(high, inward(ends[1], ends[0]), 17);
    context.font = `600 ${14 * ratio}px system-ui, sans-serif`;
    write(name, middle, 20);
    context.font = `${13 * ratio}px system-ui, sans-serif`;
  }

  turn(x, y) {
    this.state.around -= x;
    this.state.up = Math.max(-1.57, Math.min(1.57, this.state.up + y));
    this.touch();
  }

  zoom(factor) {
    this.state.zoom = Math.max(0.4, Math.min(12, this.state.zoom * factor));
    this.touch();
  }

  reset() {
    this.state = { ...this.start };
    this.touch();
  }

  listen() {
    const { canvas, held } = this;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      held.set(event.pointerId, [event.clientX, event.clientY]);
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = held.get(event.pointerId);
      if (!before) return;
      const spread = () => {
        const [a, b] = [...held.values()];
        return Math.hypot(a[0] - b[0], a[1] - b[1]) || 1;
      };
      const wide = held.size === 2 ? spread() : 0;
      held.set(event.pointerId, [event.clientX, event.clientY]);
      if (held.size === 2) this.zoom(spread() / wide);
      else this.turn((event.clientX - before[0]) / 150, (event.clientY - before[1]) / 150);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => held.delete(event.pointerId));
    }
    canvas.addEventListener("wheel", (event) => {
      // The page scrolls on unless the picture was chosen.
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 500));
    }, { passive: false });
    canvas.addEventListener("dblclick", () => this.reset());
    canvas.addEventListener("keydown", (event) => {
      const keys = {
        ArrowLeft: () => this.turn(-0.1, 0), ArrowRight: () => this.turn(0.1, 0),
        ArrowUp: () => this.turn(0, -0.1), ArrowDown: () => this.turn(0, 0.1),
        "+": () => this.zoom(1.15), "-": () => this.zoom(1 / 1.15), "0": () => this.reset(),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    new ResizeObserver(() => this.touch()).observe(canvas);
    new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      this.touch();
    }).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.touch());
  }
}

const toggles = {};
for (const button of document.querySelectorAll("button[data-toggle]")) {
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    toggles[button.dataset.toggle]?.(on);
  });
}

const canvas = document.querySelector(".viewer canvas");
let viewer = null;
if (canvas && canvas.getContext && canvas.getContext("2d")) {
  viewer = new Viewer(canvas, JSON.parse(document.querySelector("#scene").textContent));
  document.documentElement.classList.add("drawing");
  for (const part of ["surface", "cloud", "colours"]) {
    toggles[part] = (on) => { viewer.shown[part] = on; viewer.touch(); };
  }
  toggles.turning = (on) => { viewer.turning = on; };
  const turning = document.querySelector("button[data-toggle=turning]");
  turning.setAttribute("aria-pressed", viewer.turning);
  document.querySelector("button[data-act=reset]").addEventListener("click", () => viewer.reset());
  document.querySelector("button[data-act=save]").addEventListener("click", () => {
    viewer.draw(2);
    const link = document.createElement("a");
    link.download = "surface.png";
    link.href = canvas.toDataURL("image/png");
    link.click();
  });
} else {
  for (const part of ["surface", "cloud"]) {
    toggles[part] = (on) => {
      for (const group of document.querySelectorAll(`#surface-${part}`)) group.style.display = on ? "" : "none";
    };
  }
}
