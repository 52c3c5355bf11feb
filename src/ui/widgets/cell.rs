//! One cell of a table row: painted, not built of widgets, since rows are many and change four times a second.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Vec2, pos2, vec2};

use super::{chart, icon};
use crate::aggregate::snapshot::{History, Route};
use crate::event::FlowId;
use crate::settings::Units;
use crate::time::Timestamp;
use crate::ui::fonts::{Weight, font};
use crate::ui::icons::Icons;
use crate::ui::routes;
use crate::ui::theme::{BODY, CELL, Tokens};

/// How loud a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// What the row is about.
    First,
    /// Ordinary.
    Second,
    /// Context.
    Third,
}

/// How a row stands apart from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowLook {
    /// The user chose it.
    pub is_selected: bool,
    /// The pointer is on it.
    pub is_hovered: bool,
    /// It is over.
    pub is_over: bool,
    /// How many rows it stands below.
    pub depth: u8,
    /// It can be opened, and is.
    pub is_open: Option<bool>,
}

/// Where and how to draw a cell.
pub struct CellPainter<'a> {
    /// Clips to the table, so that all rows become one mesh.
    pub painter: &'a Painter,
    /// The cell.
    pub rect: Rect,
    /// The theme.
    pub tokens: &'a Tokens,
    /// The row's look.
    pub look: RowLook,
    /// The moment of the snapshot.
    pub now: Timestamp,
    /// How amounts are written.
    pub units: Units,
    /// What the filter looks for, in lower case: marked where it shows.
    pub marks: &'a [String],
    /// The apps' icons.
    pub icons: &'a Icons,
    /// The sparklines of connections.
    pub sparklines: &'a BTreeMap<FlowId, History>,
}

/// What stands for an app: its icon, else a letter on a colour of its own.
#[derive(Clone, Copy, Debug)]
pub struct Tile<'a> {
    /// The app's id.
    pub app: &'a str,
    /// The program's file.
    pub path: Option<&'a Arc<str>>,
    /// The name whose first letter it is.
    pub letter_of: &'a str,
}

impl CellPainter<'_> {
    fn color(&self, rank: Rank) -> Color32 {
        let tokens = self.tokens;
        if self.look.is_selected {
            return if rank == Rank::First { tokens.strong } else { tokens.text };
        }
        if self.look.is_over {
            return if self.look.is_hovered { tokens.dim } else { tokens.faint };
        }
        match rank {
            Rank::First => tokens.text,
            Rank::Second | Rank::Third => tokens.dim,
        }
    }

    /// Text from the left edge, with an ellipsis where it does not fit.
    pub fn text(&self, text: &str, rank: Rank) {
        self.text_from(self.rect.left() + CELL, text, rank);
    }

    fn text_from(&self, left: f32, text: &str, rank: Rank) {
        let weight = if rank == Rank::First { Weight::Medium } else { Weight::Regular };
        self.elided(left, self.rect.right() - CELL, text, (font(weight, BODY), self.color(rank)));
    }

    /// Returns where the text ends.
    fn elided(&self, left: f32, right: f32, text: &str, (font, color): (FontId, Color32)) -> f32 {
        if right - left < 4.0 {
            return left;
        }
        let mut job = marked(text, TextFormat::simple(font, color), (self.marks, self.tokens));
        job.wrap = TextWrapping::truncate_at_width(right - left);
        let galley = self.painter.layout_job(job);
        let end = left + galley.size().x;
        let top = self.rect.center().y - galley.size().y / 2.0;
        self.painter.galley(pos2(left, top), galley, color);
        end
    }

    /// A number against the right edge; a faint dash for none.
    pub fn number(&self, text: Option<&str>, rank: Rank) {
        let right = self.rect.right_center() - vec2(CELL, 0.0);
        let Some(text) = text else {
            let color = if self.look.is_selected { self.tokens.text } else { self.tokens.faint };
            self.painter.line_segment(
                [right - vec2(8.0, 0.0), right],
                egui::Stroke::new(1.0, color.gamma_multiply(0.7)),
            );
            return;
        };
        let color = self.color(rank);
        self.painter.text(right, Align2::RIGHT_CENTER, text, font(Weight::Regular, BODY), color);
    }

    /// The triangle, if any, the tile with a letter, the name, and a chip behind it.
    pub fn name(&self, tile: Option<Tile<'_>>, name: &str, chip: Option<&str>) {
        let mut left = self.rect.left() + CELL + indent(self.look.depth);
        if let Some(is_open) = self.look.is_open {
            icon::disclosure(
                self.painter,
                pos2(left + 3.0, self.rect.center().y),
                is_open,
                self.color(Rank::Third),
            );
        }
        left += TRIANGLE;
        if let Some(tile) = tile {
            let rect = Rect::from_center_size(pos2(left + 8.0, self.rect.center().y), Vec2::splat(16.0));
            self.tile(rect, tile);
            left = rect.right() + 8.0;
        }
        self.name_and_chip(left, name, chip);
    }

    fn tile(&self, rect: Rect, tile: Tile<'_>) {
        let Some(texture) = self.icons.texture(tile.app, tile.path) else {
            return icon::tile(self.painter, rect, (tile.app, tile.letter_of), self.look.is_over);
        };
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        let fade = if self.look.is_over { 0.45 } else { 1.0 };
        self.painter.image(texture, rect, whole, Color32::WHITE.gamma_multiply(fade));
    }

    /// A name without room for a triangle.
    pub fn plain_name(&self, name: &str, chip: Option<&str>) {
        self.name_and_chip(self.rect.left() + CELL, name, chip);
    }

    fn name_and_chip(&self, left: f32, name: &str, chip: Option<&str>) {
        let weight = if self.look.depth > 0 { Weight::Regular } else { Weight::Medium };
        let style = (font(weight, BODY), self.color(Rank::First));
        let Some(chip) = chip else {
            self.elided(left, self.rect.right() - CELL, name, style);
            return;
        };
        let galley =
            self.painter.layout_no_wrap(chip.to_owned(), font(Weight::Medium, 10.0), self.color(Rank::Third));
        let size = galley.size() + vec2(8.0, 2.0);
        let room = self.rect.right() - CELL - size.x - 6.0;
        let end = self.elided(left, room.max(left), name, style);
        if end + 6.0 + size.x > self.rect.right() {
            return;
        }
        let chip_rect = Rect::from_min_size(pos2(end + 6.0, self.rect.center().y - size.y / 2.0), size);
        let ground =
            if self.look.is_selected { self.tokens.strong.gamma_multiply(0.18) } else { self.tokens.hover };
        self.painter.rect_filled(chip_rect, 3.0, ground);
        self.painter.galley(chip_rect.min + vec2(4.0, 1.0), galley, self.color(Rank::Third));
    }

    /// The last `room` seconds as a small chart.
    pub fn sparkline(&self, history: &History, room: usize) {
        let rect = self.rect.shrink2(vec2(CELL, 4.0));
        self.shape(chart::sparkline(rect, (history, room), self.tokens));
    }

    /// A small dot and a word.
    pub fn state(&self, dot: Color32, text: &str) {
        let center = pos2(self.rect.left() + CELL + 3.0, self.rect.center().y);
        self.painter.circle_filled(center, 3.0, dot);
        self.text_from(center.x + 9.0, text, Rank::Second);
    }

    /// A route's sign and the name of what it goes through.
    pub fn route(&self, route: Route, text: &str) {
        let center = pos2(self.rect.left() + CELL + 3.0, self.rect.center().y);
        let is_plain = matches!(route, Route::Direct | Route::Local);
        routes::dot_at(self.painter, center, route, self.tokens);
        self.text_from(center.x + 9.0, text, if is_plain { Rank::Third } else { Rank::Second });
    }

    fn shape(&self, shape: Shape) {
        self.painter.add(shape);
    }

    /// Whether `pointer` is on the triangle of a row that starts at `left` and stands below `depth` others.
    #[must_use]
    pub fn is_on_triangle((left, depth): (f32, u8), pointer: Pos2) -> bool {
        let left = left + indent(depth);
        (left..left + CELL + TRIANGLE - 2.0).contains(&pointer.x)
    }
}

/// The text with what the filter looks for on a ground of its own.
fn marked(text: &str, format: TextFormat, (marks, tokens): (&[String], &Tokens)) -> LayoutJob {
    let lower = text.to_ascii_lowercase();
    let found = marks
        .iter()
        .filter(|mark| !mark.is_empty())
        .find_map(|mark| Some((lower.find(&**mark)?, mark.len())));
    let parts = found.and_then(|(at, len)| {
        let (before, rest) = text.split_at_checked(at)?;
        let (hit, after) = rest.split_at_checked(len)?;
        Some([(before, false), (hit, true), (after, false)])
    });
    let Some(parts) = parts else { return LayoutJob::single_section(text.to_owned(), format) };
    let mut job = LayoutJob::default();
    for (part, is_hit) in parts {
        let format = format.clone();
        let hit = TextFormat { background: tokens.mark, color: tokens.strong, ..format.clone() };
        job.append(part, 0.0, if is_hit { hit } else { format });
    }
    job
}

/// Points that the triangle takes.
const TRIANGLE: f32 = 15.0;
/// Points that rows below another one are set in: the first step clears the tile.
fn indent(depth: u8) -> f32 {
    if depth == 0 { 0.0 } else { 7.0 + 16.0 * f32::from(depth) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::DARK;

    #[test]
    fn what_is_looked_for_is_marked_once_whatever_its_case() {
        let format = TextFormat::simple(font(Weight::Regular, BODY), Color32::WHITE);
        let grounds = |text: &str, mark: &str| -> Vec<(String, bool)> {
            let job = marked(text, format.clone(), (&[mark.to_owned()], &DARK));
            let is_hit = |section: &egui::text::LayoutSection| section.format.background == DARK.mark;
            job.sections
                .iter()
                .map(|s| {
                    (
                        job.text.get(s.byte_range.start.0..s.byte_range.end.0).unwrap_or_default().to_owned(),
                        is_hit(s),
                    )
                })
                .collect()
        };
        let hits = |text: &str, mark: &str| -> Vec<String> {
            grounds(text, mark).into_iter().filter(|(_, is_hit)| *is_hit).map(|(part, _)| part).collect()
        };
        assert_eq!(hits("www.Example.com", "example"), ["Example"]);
        assert_eq!(hits("www.example.com", "zzz"), Vec::<String>::new());
        assert_eq!(hits("Élan", "lan"), ["lan"]);
        let whole: String = grounds("www.Example.com", "example").into_iter().map(|(part, _)| part).collect();
        assert_eq!(whole, "www.Example.com");
    }
}
