import { panned, pictureOf, zoomed } from "/editor/cropping.js";
import { is, near } from "./is.js";

const wide = { width: 200, height: 100 };
const square = { id: "i", type: "image", x: 10, y: 20, width: 100, height: 100, asset: "a" };

export const tests = {
  "the whole of a picture"() {
    near(pictureOf(square, wide), { x: -40, y: 20, width: 200, height: 100 });
    near(pictureOf({ ...square, focus_x: 0 }, wide), { x: 10, y: 20, width: 200 });
    near(pictureOf({ ...square, object_fit: "contain", focus_y: 1 }, wide), { x: 10, y: 70, width: 100, height: 50 });
    near(pictureOf({ ...square, object_fit: "fill", zoom: 2, focus_x: 1, focus_y: 0 }, wide), { x: -90, y: 20, width: 200, height: 200 });
    near(pictureOf({ ...square, rotation: 90, focus_x: 0 }, wide), { x: -40, y: 70, width: 200, height: 100 });
  },

  "drawn about"() {
    is(panned(square, wide, { x: 25, y: 30 }), { focus_x: 0.25, focus_y: 0.5 });
    is(panned(square, wide, { x: -500, y: 0 }), { focus_x: 1, focus_y: 0.5 });
    is(panned({ ...square, object_fit: "contain" }, wide, { x: 5, y: 10 }), { focus_x: 0.5, focus_y: 0.7 });
    is(panned({ ...square, rotation: 90 }, wide, { x: 0, y: 25 }), { focus_x: 0.25, focus_y: 0.5 });
    near(pictureOf({ ...square, ...panned(square, wide, { x: 25, y: 0 }) }, wide), { x: -15, y: 20 });
  },

  "drawn larger"() {
    is([zoomed(square, 1.5), zoomed({ ...square, zoom: 2 }, 0.1), zoomed({ ...square, zoom: 15 }, 2)], [{ zoom: 1.5 }, { zoom: 1 }, { zoom: 20 }]);
  },
};
