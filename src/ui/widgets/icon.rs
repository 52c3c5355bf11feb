//! Icons, drawn with lines so that no font has to have them.

use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2, vec2};

use crate::ui::fonts::{Weight, font};
use crate::ui::theme::Tokens;

/// An icon of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Received.
    Down,
    /// Sent.
    Up,
    /// Hold still.
    Pause,
    /// Go on.
    Play,
    /// Go on a little and stop again.
    Step,
    /// Choices.
    Settings,
    /// Look for.
    Search,
    /// Empty the field.
    Clear,
    /// Something needs the user.
    Warning,
    /// Something worth knowing.
    Info,
    /// Nothing moves.
    Quiet,
    /// The pane below.
    Details,
}

/// Draws `icon` into `rect` with lines of a fitting width.
pub fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let unit = rect.width() / 16.0;
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * unit;
    let stroke = Stroke::new((1.5 * unit).max(1.25), color);
    match icon {
        Icon::Down => arrow(painter, [at(8.0, 3.0), at(8.0, 13.0)], stroke),
        Icon::Up => arrow(painter, [at(8.0, 13.0), at(8.0, 3.0)], stroke),
        Icon::Pause => {
            for x in [5.0, 9.5] {
                painter.rect_filled(Rect::from_min_size(at(x, 3.5), vec2(2.0, 9.0) * unit), unit, color);
            }
        }
        Icon::Play => {
            painter.add(Shape::convex_polygon(
                vec![at(5.0, 3.0), at(13.0, 8.0), at(5.0, 13.0)],
                color,
                Stroke::NONE,
            ));
        }
        Icon::Step => {
            let corners = vec![at(3.5, 3.0), at(10.5, 8.0), at(3.5, 13.0)];
            painter.add(Shape::convex_polygon(corners, color, Stroke::NONE));
            painter.rect_filled(Rect::from_min_size(at(11.0, 3.0), vec2(2.0, 10.0) * unit), unit, color);
        }
        Icon::Settings => {
            for (y, knob) in [(4.0, 10.5), (8.0, 5.5), (12.0, 9.0)] {
                painter.line_segment([at(2.5, y), at(13.5, y)], Stroke::new(stroke.width * 0.85, color));
                painter.circle_filled(at(knob, y), 2.0 * unit, color);
            }
        }
        Icon::Search => {
            painter.circle_stroke(at(7.0, 7.0), 4.2 * unit, stroke);
            painter.line_segment([at(10.2, 10.2), at(13.6, 13.6)], stroke);
        }
        Icon::Clear => {
            painter.line_segment([at(5.0, 5.0), at(11.0, 11.0)], stroke);
            painter.line_segment([at(11.0, 5.0), at(5.0, 11.0)], stroke);
        }
        Icon::Warning => {
            let corners = vec![at(8.0, 2.5), at(14.0, 13.0), at(2.0, 13.0)];
            painter.add(Shape::closed_line(corners, stroke));
            painter.line_segment([at(8.0, 6.5), at(8.0, 9.5)], stroke);
            painter.circle_filled(at(8.0, 11.3), 0.8 * unit, color);
        }
        Icon::Info => {
            painter.circle_stroke(at(8.0, 8.0), 5.8 * unit, stroke);
            painter.circle_filled(at(8.0, 5.4), 0.9 * unit, color);
            painter.line_segment([at(8.0, 7.6), at(8.0, 11.0)], stroke);
        }
        Icon::Details => {
            let frame = Rect::from_min_max(at(2.0, 3.0), at(14.0, 13.0));
            painter.rect_stroke(frame, 2.0 * unit, stroke, StrokeKind::Inside);
            let pane = Rect::from_min_max(at(2.5, 9.0), at(13.5, 12.5));
            painter.rect_filled(pane, CornerRadius::ZERO, color);
        }
        Icon::Quiet => {
            let wave = [(1.0, 8.0), (4.5, 8.0), (6.5, 4.5), (9.0, 11.5), (11.0, 8.0), (15.0, 8.0)];
            painter.add(Shape::line(wave.iter().map(|(x, y)| at(*x, *y)).collect(), stroke));
        }
    }
}

fn arrow(painter: &Painter, [tail, tip]: [Pos2; 2], stroke: Stroke) {
    painter.line_segment([tail, tip], stroke);
    let back = (tail - tip).normalized() * (tail - tip).length() * 0.42;
    let side = back.rot90();
    painter.add(Shape::line(vec![tip + back + side, tip, tip + back - side], stroke));
}

/// The triangle of a row that opens: to the right when closed, down when open.
pub fn disclosure(painter: &Painter, center: Pos2, is_open: bool, color: Color32) {
    let corners = if is_open {
        [vec2(-4.0, -2.2), vec2(4.0, -2.2), vec2(0.0, 3.2)]
    } else {
        [vec2(-2.2, -4.0), vec2(3.2, 0.0), vec2(-2.2, 4.0)]
    };
    let corners = corners.iter().map(|corner| center + *corner).collect();
    painter.add(Shape::convex_polygon(corners, color, Stroke::NONE));
}

/// The triangle of a sorted header.
pub fn sort_mark(painter: &Painter, center: Pos2, is_descending: bool, color: Color32) {
    let flip = if is_descending { 1.0 } else { -1.0 };
    let corners = [vec2(-3.5, -2.0), vec2(3.5, -2.0), vec2(0.0, 2.6)];
    let corners = corners.iter().map(|corner| center + vec2(corner.x, corner.y * flip)).collect();
    painter.add(Shape::convex_polygon(corners, color, Stroke::NONE));
}

/// A rounded square with the first letter of a name, in a colour that the app keeps.
pub fn tile(painter: &Painter, rect: Rect, (id, letter_of): (&str, &str), is_over: bool) {
    let color = tile_color(id);
    let fade = if is_over { 0.45 } else { 1.0 };
    painter.rect_filled(rect, CornerRadius::same(4), color.gamma_multiply(fade));
    let letter = letter_of.chars().find(|c| c.is_alphanumeric()).unwrap_or('?');
    let letter: String = letter.to_uppercase().take(1).collect();
    painter.text(rect.center(), Align2::CENTER_CENTER, letter, font(Weight::SemiBold, 10.0), Color32::WHITE);
}

/// One of twelve hues, by the app's identity (FNV-1a), so that an app looks the same every day.
fn tile_color(id: &str) -> Color32 {
    const HUES: [(u8, u8, u8); 12] = [
        (0x3b, 0x7d, 0xd8),
        (0x2f, 0x9e, 0x8f),
        (0x7a, 0x5c, 0xd6),
        (0xc9, 0x4f, 0x7c),
        (0xcf, 0x6a, 0x2d),
        (0x4c, 0x96, 0x45),
        (0x9c, 0x53, 0xb8),
        (0x2d, 0x8c, 0xb5),
        (0xb8, 0x86, 0x1f),
        (0xc4, 0x4b, 0x44),
        (0x5a, 0x6b, 0xc8),
        (0x6d, 0x7a, 0x86),
    ];
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let (r, g, b) = HUES.get((hash >> 20) as usize % HUES.len()).copied().unwrap_or((0x6d, 0x7a, 0x86));
    Color32::from_rgb(r, g, b)
}

/// A button that is only an icon. `name` is what it is called and its tooltip.
pub fn button(ui: &mut egui::Ui, icon: Icon, name: &str, tokens: &Tokens) -> egui::Response {
    let size = Vec2::splat(crate::ui::theme::CONTROL);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name));
    if ui.is_rect_visible(rect) {
        let is_open = egui::Popup::is_id_open(ui.ctx(), egui::Popup::default_response_id(&response));
        if response.is_pointer_button_down_on() || is_open {
            ui.painter().rect_filled(rect, CornerRadius::same(6), tokens.line);
        } else if response.hovered() {
            ui.painter().rect_filled(rect, CornerRadius::same(6), tokens.hover);
        }
        if response.has_focus() {
            ui.painter().rect_stroke(rect, 6.0, Stroke::new(2.0, tokens.accent), StrokeKind::Inside);
        }
        let color = if response.hovered() { tokens.strong } else { tokens.dim };
        paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(16.0)), icon, color);
    }
    response.on_hover_text(name)
}

/// A dot with a soft edge: what the capture is doing.
pub fn dot(painter: &Painter, center: Pos2, color: Color32) {
    painter.circle_filled(center, 6.0, color.gamma_multiply(0.18));
    painter.circle_filled(center, 3.5, color);
}

/// The point of a cell where an icon of `size` points begins, centred on `rect`'s height.
#[must_use]
pub fn slot(rect: Rect, left: f32, size: f32) -> Rect {
    Rect::from_min_size(pos2(left, rect.center().y - size / 2.0), Vec2::splat(size))
}
