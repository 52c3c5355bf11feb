//! Charts as hand-made meshes: the last minute in a row, the last two minutes in the toolbar.

use egui::{Color32, Mesh, Rect, Response, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2};

use crate::aggregate::snapshot::{Both, History};
use crate::lang::say;
use crate::ui::theme::{CONTROL, Tokens};
use crate::units::BytesPerSec;

/// Samples that the sparkline of a process or a domain has room for: one minute.
pub const MINUTE: usize = 60;
/// Samples that the strip has room for: two minutes.
const TWO_MINUTES: usize = 120;

/// The newest `room` samples.
fn newest(history: &History, room: usize) -> &[Both<f32>] {
    history.get(history.len().saturating_sub(room)..).unwrap_or_default()
}

/// The last `room` seconds: received as a blue area above the line, sent as an orange one below it, on one scale.
pub fn sparkline(rect: Rect, (history, room): (&History, usize), tokens: &Tokens) -> Shape {
    let samples = newest(history, room);
    let [down, up] = peaks(samples).map(f32::sqrt);
    if down + up <= 0.0 {
        let y = rect.center().y;
        return Shape::hline(rect.x_range(), y, Stroke::new(1.0, tokens.line));
    }
    let mut mesh = Mesh::default();
    let unit = rect.height() / (down + up);
    let scale = Scale { rect, room, axis: rect.top() + down * unit, unit };
    let below = Scale { unit: -unit, ..scale };
    let count = samples.len();
    // A second is a step: what lasts no longer than one would be a hair's breadth as a point of a line.
    let step = |scale: Scale, index, value| {
        let point = |index| (scale.x(index, count), scale.y(value), value > 0.0);
        [point(index), point(index + 1)]
    };
    let down = samples.iter().enumerate().flat_map(|(index, sample)| step(scale, index, sample.rx));
    area(&mut mesh, (scale.axis, 1.0), down, tokens.down);
    let up = samples.iter().enumerate().flat_map(|(index, sample)| step(below, index, sample.tx));
    area(&mut mesh, (scale.axis, -1.0), up, tokens.up);
    Shape::mesh(mesh)
}

/// The largest sample of each way.
pub(super) fn peaks(samples: &[Both<f32>]) -> [f32; 2] {
    samples.iter().fold([0.0; 2], |[down, up], sample| [sample.rx.max(down), sample.tx.max(up)])
}

#[derive(Clone, Copy)]
struct Scale {
    rect: Rect,
    room: usize,
    /// Where nothing is.
    axis: f32,
    /// Points upwards for each root of a byte a second.
    unit: f32,
}

impl Scale {
    /// Where a sample begins, which is where the one before it ends. The newest touches the right edge, whatever the
    /// number of samples.
    fn x(&self, index: usize, count: usize) -> f32 {
        let step = self.rect.width() / self.room as f32;
        self.rect.right() - (count - index) as f32 * step
    }

    /// Square root: small traffic beside large stays visible, and more is still higher.
    fn y(&self, value: f32) -> f32 {
        self.axis - value.max(0.0).sqrt() * self.unit
    }
}

/// A filled area with a gradient, under a line that fades at its edges. Points are where on the screen the values
/// stand; whether there is a value at all is said beside them.
pub(super) fn area(
    mesh: &mut Mesh,
    (axis, outward): (f32, f32),
    points: impl Iterator<Item = (f32, f32, bool)>,
    color: Color32,
) {
    let shades = [Color32::TRANSPARENT, color, color.gamma_multiply(0.5), color.gamma_multiply(0.15)];
    let first = mesh.vertices.len();
    let mut columns = 0_u32;
    let mut empty = 0;
    for (x, y, is_something) in points {
        empty = if is_something { 0 } else { empty + 1 };
        if let Some(last) = mesh.vertices.last_chunk_mut::<4>().filter(|_| empty > 2) {
            // However long nothing moves, its two ends are enough.
            for vertex in last {
                vertex.pos.x = x;
            }
            continue;
        }
        let shades = if is_something { shades } else { [Color32::TRANSPARENT; 4] };
        // From the soft outer edge of the line to the axis, never past it.
        for (y, shade) in [y - outward, y, y + outward, axis].into_iter().zip(shades) {
            let y = if outward > 0.0 { y.min(axis) } else { y.max(axis) };
            mesh.colored_vertex(pos2(x, y), shade);
        }
        columns += 1;
    }
    let first = u32::try_from(first).unwrap_or(u32::MAX);
    for column in 1..columns {
        let (left, right) = (first + (column - 1) * 4, first + column * 4);
        for row in 0..3 {
            mesh.add_triangle(left + row, right + row, left + row + 1);
            mesh.add_triangle(right + row, right + row + 1, left + row + 1);
        }
    }
}

/// The last two minutes of the machine: received above the line, sent below it.
pub fn strip(ui: &mut Ui, history: &History, width: f32, tokens: &Tokens) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, CONTROL), Sense::hover());
    let samples = newest(history, TWO_MINUTES);
    let peak = peaks(samples).into_iter().fold(0.0, f32::max);
    let name = || say!("strip-chart", peak = BytesPerSec::from(peak).to_string());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name()));
    if ui.is_rect_visible(rect) {
        ui.painter().rect_filled(rect, 5.0, tokens.field);
        let inner = rect.shrink2(Vec2::new(5.0, 3.0));
        if peak > 0.0 {
            ui.painter().add(bars(inner, samples, tokens));
        } else {
            ui.painter().hline(inner.x_range(), inner.center().y, Stroke::new(1.0, tokens.line));
        }
    }
    response.on_hover_text(name())
}

/// One bar a second, both ways on one scale, as square roots: small traffic beside large stays visible.
fn bars(rect: Rect, samples: &[Both<f32>], tokens: &Tokens) -> Shape {
    let step = rect.width() / TWO_MINUTES as f32;
    let [down_peak, up_peak] = [|sample: &Both<f32>| sample.rx, |sample: &Both<f32>| sample.tx]
        .map(|way| samples.iter().map(way).fold(0.0, f32::max).sqrt());
    let unit = (rect.height() - 2.0) / (down_peak + up_peak).max(f32::MIN_POSITIVE);
    let axis = rect.top() + 1.0 + down_peak * unit;
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(Rect::from_x_y_ranges(rect.x_range(), axis - 0.5..=axis + 0.5), tokens.line);
    for (index, sample) in samples.iter().enumerate() {
        let right = rect.right() - (samples.len() - 1 - index) as f32 * step;
        let left = right - step * 0.8;
        let down = sample.rx.sqrt() * unit;
        let up = sample.tx.sqrt() * unit;
        if sample.rx > 0.0 {
            let bar = Rect::from_min_max(pos2(left, axis - 0.5 - down.max(1.0)), pos2(right, axis - 0.5));
            mesh.add_colored_rect(bar, tokens.down);
        }
        if sample.tx > 0.0 {
            let bar = Rect::from_min_max(pos2(left, axis + 0.5), pos2(right, axis + 0.5 + up.max(1.0)));
            mesh.add_colored_rect(bar, tokens.up);
        }
    }
    Shape::mesh(mesh)
}
