//! Draws what the window shows into a picture: on the processor, without a screen, and the same on every machine.

#![expect(clippy::indexing_slicing, reason = "a picture of the wrong size fails the test")]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::sync::{Arc, Mutex};

use egui::epaint::{ImageData, Primitive, Vertex};
use egui::{Color32, ColorImage, Mesh, Rect, TextureId, TexturesDelta};
use egui_kittest::TestRenderer;

/// The textures that a harness has made so far; each clone is the same.
#[derive(Clone, Default)]
pub(super) struct Textures(Arc<Mutex<HashMap<TextureId, ColorImage>>>);

impl TestRenderer for Textures {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        let mut known = self.0.lock().unwrap();
        delta.set.drain().for_each(|(id, changes)| {
            for change in changes {
                let ImageData::Color(image) = change.image;
                match (change.pos, known.get_mut(&id)) {
                    (Some([x, y]), Some(whole)) => {
                        for row in 0..image.height() {
                            let to = (y + row) * whole.width() + x;
                            let from = row * image.width();
                            whole.pixels[to..to + image.width()]
                                .copy_from_slice(&image.pixels[from..from + image.width()]);
                        }
                    }
                    _ => drop(known.insert(id, ColorImage::clone(&image))),
                }
            }
        });
        // What is freed in a frame may still be drawn in it, and a few textures more do no harm.
        delta.clear();
    }
}

/// Rows of pixels in red, green and blue.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) width: usize,
    pub(super) height: usize,
    rgb: Vec<[f32; 3]>,
}

impl Picture {
    /// Draws triangles that are ready: one point is one pixel.
    pub(super) fn of(
        primitives: &[egui::ClippedPrimitive],
        textures: &Textures,
        (width, height): (usize, usize),
    ) -> Self {
        let mut picture = Self { width, height, rgb: vec![[0.0; 3]; width * height] };
        let textures = textures.0.lock().unwrap();
        for primitive in primitives {
            if let Primitive::Mesh(mesh) = &primitive.primitive {
                picture.mesh(mesh, &textures[&mesh.texture_id], primitive.clip_rect);
            }
        }
        picture
    }

    /// One picture above another of the same width.
    pub(super) fn above(mut self, mut below: Self) -> Self {
        assert_eq!(self.width, below.width);
        self.height += below.height;
        self.rgb.append(&mut below.rgb);
        self
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the picture")]
    fn mesh(&mut self, mesh: &Mesh, texture: &ColorImage, clip: Rect) {
        let within = |value: f32, most: usize| (value.round().max(0.0) as usize).min(most);
        let columns = within(clip.min.x, self.width)..within(clip.max.x, self.width);
        let rows = within(clip.min.y, self.height)..within(clip.max.y, self.height);
        for corner in mesh.indices.chunks_exact(3) {
            let corners = [0, 1, 2].map(|at| mesh.vertices[corner[at] as usize]);
            self.triangle(corners, texture, (columns.clone(), rows.clone()));
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        reason = "pixels and parts of them"
    )]
    fn triangle(
        &mut self,
        mut corners: [Vertex; 3],
        texture: &ColorImage,
        (columns, rows): (std::ops::Range<usize>, std::ops::Range<usize>),
    ) {
        // Whole numbers decide what is inside, so that neighbours neither overlap nor leave a gap, on any machine.
        let fixed = |vertex: &Vertex| {
            ((vertex.pos.x * PARTS as f32).round() as i64, (vertex.pos.y * PARTS as f32).round() as i64)
        };
        let mut at = corners.each_ref().map(fixed);
        let area = cross(at[0], at[1], at[2]);
        if area == 0 {
            return;
        }
        if area < 0 {
            corners.swap(1, 2);
            at.swap(1, 2);
        }
        let ends = |values: [i64; 3], range: &std::ops::Range<usize>| {
            let (least, most) =
                (values.into_iter().min().unwrap_or(0), values.into_iter().max().unwrap_or(0));
            let from = least.div_euclid(PARTS).max(range.start as i64);
            (from.max(0) as usize)..((most.div_euclid(PARTS) + 1).clamp(0, range.end as i64) as usize)
        };
        let (x_range, y_range) = (ends(at.map(|p| p.0), &columns), ends(at.map(|p| p.1), &rows));
        let is_flat =
            corners.iter().all(|other| other.color == corners[0].color && other.uv == corners[0].uv);
        let flat = is_flat.then(|| sample(&corners, [1.0, 0.0, 0.0], texture));
        let edges = [(at[1], at[2]), (at[2], at[0]), (at[0], at[1])];
        for y in y_range {
            let middle = |x: usize| (x as i64 * PARTS + PARTS / 2, y as i64 * PARTS + PARTS / 2);
            let is_inside = |x: &usize| edges.iter().all(|edge| is_right_of(*edge, middle(*x)));
            // A triangle has one stretch in a row.
            let Some(left) = x_range.clone().find(is_inside) else { continue };
            let right = x_range.clone().rev().find(is_inside).unwrap_or(left);
            let row = &mut self.rgb[y * self.width + left..=y * self.width + right];
            if let Some([red, green, blue, opacity]) = flat
                && opacity >= 255.0
            {
                row.fill([red, green, blue]);
                continue;
            }
            for (x, ground) in (left..).zip(row) {
                let color = flat.unwrap_or_else(|| {
                    let sides = edges.map(|(from, to)| cross(from, to, middle(x)));
                    sample(&corners, sides.map(|side| side as f32 / area.unsigned_abs() as f32), texture)
                });
                let rest = 1.0 - color[3] / 255.0;
                for (way, ground) in ground.iter_mut().enumerate() {
                    *ground = color[way] + *ground * rest;
                }
            }
        }
    }

    /// Without this many pixels at each side.
    pub(super) fn without_margin(&self, margin: usize) -> Self {
        let rows = self.rgb.chunks(self.width).skip(margin).take(self.height - 2 * margin);
        let rgb = rows.flat_map(|row| &row[margin..self.width - margin]).copied().collect();
        Self { width: self.width - 2 * margin, height: self.height - 2 * margin, rgb }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0..=255")]
    fn bytes(&self) -> Vec<u8> {
        self.rgb.iter().flatten().map(|value| value.round().clamp(0.0, 255.0) as u8).collect()
    }

    pub(super) fn write(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let [width, height] = [self.width, self.height].map(|side| u32::try_from(side).unwrap());
        let mut encoder = png::Encoder::new(BufWriter::new(File::create(path).unwrap()), width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().unwrap().write_image_data(&self.bytes()).unwrap();
    }

    /// How many pixels differ visibly from a file's; `None` if there is no such file of this size.
    pub(super) fn differences(&self, path: &Path) -> Option<usize> {
        let decoder = png::Decoder::new(BufReader::new(File::open(path).ok()?));
        let mut reader = decoder.read_info().unwrap();
        let mut kept = vec![0; reader.output_buffer_size()?];
        reader.next_frame(&mut kept).unwrap();
        let drawn = self.bytes();
        let is_other = |(a, b): &(&[u8], &[u8])| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > VISIBLE);
        (kept.len() == drawn.len()).then(|| kept.chunks(3).zip(drawn.chunks(3)).filter(is_other).count())
    }
}

/// Parts of a pixel that corners are rounded to.
const PARTS: i64 = 256;
/// Of 255: less is the rounding of one processor or another.
const VISIBLE: u8 = 10;

/// Twice the area of a triangle, positive when its corners follow the clock.
fn cross(a: (i64, i64), b: (i64, i64), c: (i64, i64)) -> i64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

/// Whether a point is on the inner side of an edge, or on it where it belongs to this triangle and not to its neighbour.
fn is_right_of((from, to): ((i64, i64), (i64, i64)), point: (i64, i64)) -> bool {
    let side = cross(from, to, point);
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    side > 0 || (side == 0 && (dy < 0 || (dy == 0 && dx > 0)))
}

/// The colour at these shares of the corners, multiplied by its opacity: the corners' times the texture's.
fn sample(corners: &[Vertex; 3], share: [f32; 3], texture: &ColorImage) -> [f32; 4] {
    let mix = |of: &dyn Fn(&Vertex) -> f32| corners.iter().zip(share).map(|(c, share)| of(c) * share).sum();
    let (u, v): (f32, f32) = (mix(&|c| c.uv.x), mix(&|c| c.uv.y));
    let texel = bilinear(texture, u * texture.width() as f32 - 0.5, v * texture.height() as f32 - 0.5);
    [0, 1, 2, 3].map(|way| {
        let own: f32 = mix(&|c| f32::from(c.color.to_array()[way]));
        own * texel[way] / 255.0
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the texture")]
fn bilinear(texture: &ColorImage, x: f32, y: f32) -> [f32; 4] {
    let (x, y) = (x.clamp(0.0, texture.width() as f32 - 1.0), y.clamp(0.0, texture.height() as f32 - 1.0));
    let (left, top) = (x.floor() as usize, y.floor() as usize);
    let (right, bottom) = ((left + 1).min(texture.width() - 1), (top + 1).min(texture.height() - 1));
    let (part_x, part_y) = (x.fract(), y.fract());
    let of = |x: usize, y: usize| Color32::to_array(&texture.pixels[y * texture.width() + x]);
    let upper = [of(left, top), of(right, top)];
    let lower = [of(left, bottom), of(right, bottom)];
    [0, 1, 2, 3].map(|way| {
        let across = |[left, right]: [[u8; 4]; 2]| {
            f32::from(left[way]) * (1.0 - part_x) + f32::from(right[way]) * part_x
        };
        across(upper) * (1.0 - part_y) + across(lower) * part_y
    })
}
