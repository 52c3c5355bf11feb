//! How connections leave the machine, in words and colours; and the line above the connections that sums it up.

use egui::{
    Align, Align2, Color32, Frame, Layout, Margin, Panel, Response, RichText, Role, Sense, Ui, WidgetInfo,
    pos2, vec2,
};

use super::fonts::{Weight, font};
use super::text;
use super::theme::{SMALL, Tokens};
use crate::aggregate::snapshot::{ConnectionRow, Route, RouteTotals, Snapshot, TunnelTotals};
use crate::lang::say;
use crate::settings::Units;
use crate::units::Bytes;

/// Points: the line.
const LINE: f32 = 27.0;
/// Points: from the dot's middle to the words.
const DOT: f32 = 10.0;

/// What a person calls a route.
#[must_use]
pub fn title(route: Route) -> &'static str {
    match route {
        Route::Direct => say!("route-direct"),
        Route::Proxied => say!("route-proxied"),
        Route::Tunnelled => say!("route-tunnelled"),
        Route::Upstream => say!("route-upstream"),
        Route::Carrier => say!("route-carrier"),
        Route::Local => say!("route-local"),
    }
}

/// What a route means, for its tooltip.
#[must_use]
pub fn meaning(route: Route) -> &'static str {
    match route {
        Route::Direct => say!("route-direct-hint"),
        Route::Proxied => say!("route-proxied-hint"),
        Route::Tunnelled => say!("route-tunnelled-hint"),
        Route::Upstream => say!("route-upstream-hint"),
        Route::Carrier => say!("route-carrier-hint"),
        Route::Local => say!("route-local-hint"),
    }
}

/// A route's colour. What carries has the colour of what is carried.
#[must_use]
pub const fn color(route: Route, tokens: &Tokens) -> Color32 {
    match route {
        Route::Direct | Route::Local => tokens.faint,
        Route::Proxied | Route::Upstream => tokens.proxied,
        Route::Tunnelled | Route::Carrier => tokens.tunnelled,
    }
}

/// What stands in a row: the proxy or tunnel by name, else the route.
#[must_use]
pub fn label(row: &ConnectionRow) -> &str {
    row.route_via.as_deref().unwrap_or(title(row.route))
}

/// The way of one connection, as a sentence.
#[must_use]
pub fn sentence(row: &ConnectionRow) -> String {
    let Some(via) = row.route_via.as_deref() else {
        return match row.route {
            Route::Direct => say!("way-direct"),
            Route::Local => say!("way-local"),
            Route::Proxied => say!("way-some-proxy"),
            Route::Tunnelled => say!("way-some-tunnel"),
            Route::Upstream => say!("way-some-upstream"),
            Route::Carrier => say!("way-some-carrier"),
        }
        .to_owned();
    };
    match row.route {
        Route::Direct => say!("way-direct").to_owned(),
        Route::Local => say!("way-local").to_owned(),
        Route::Proxied => say!("way-proxied", via = via),
        Route::Tunnelled => say!("way-tunnelled", via = via),
        Route::Upstream => say!("way-upstream", via = via),
        Route::Carrier => say!("way-carrier", via = via),
    }
}

/// What a tunnel adds to what it carries, such as `12 MB inside, 12.6 MB outside: 5.0 % more`. `None` before both
/// sides were seen.
#[must_use]
pub fn overhead(tunnel: &TunnelTotals, units: Units) -> Option<String> {
    if tunnel.inner == Bytes(0) || tunnel.outer == Bytes(0) {
        return None;
    }
    let (inner, outer) = (text::bytes_or_zero(tunnel.inner, units), text::bytes_or_zero(tunnel.outer, units));
    let more = 100.0 * (tunnel.outer.0 as f64 / tunnel.inner.0 as f64 - 1.0);
    Some(if more >= 0.0 {
        say!("overhead-more", inner = inner, outer = outer, percent = format!("{more:.1}"))
    } else {
        // Compressed, or open before Crow was.
        say!("overhead", inner = inner, outer = outer)
    })
}

/// The same of a connection, if it carries a tunnel.
#[must_use]
pub fn overhead_of(row: &ConnectionRow, totals: &RouteTotals, units: Units) -> Option<String> {
    let mut tunnels = totals.tunnels.iter().filter(|_| row.route == Route::Carrier);
    overhead(tunnels.find(|tunnel| row.route_via.as_ref() == Some(&tunnel.name))?, units)
}

/// What the line sums up.
#[derive(Clone, Copy)]
pub struct Summary<'a> {
    /// Bytes by route.
    pub totals: &'a RouteTotals,
    /// Where the script is by which proxies are chosen, if one is.
    pub script: Option<&'a str>,
    /// What is typed in the filter.
    pub filter: &'a str,
    /// How amounts are written.
    pub units: Units,
}

impl<'a> Summary<'a> {
    /// Of a picture, with what is typed in the filter.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, filter: &'a str, units: Units) -> Self {
        let script = snapshot.proxy_script.as_deref();
        Self { totals: &snapshot.totals.routes, script, filter, units }
    }
}

/// Draws the line. Returns the filter that was asked for by a click; a click on the one in force clears it.
pub fn routes_ui(
    ui: &mut Ui,
    Summary { totals, script, filter, units }: Summary<'_>,
    tokens: &Tokens,
) -> Option<String> {
    let frame = Frame::NONE.fill(tokens.bg).inner_margin(Margin::symmetric(10, 0));
    let mut asked = None;
    Panel::top("routes").exact_size(LINE).frame(frame).show(ui, |ui| {
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for route in Route::ALL {
                let bytes = totals.of(route);
                let bytes = bytes.rx + bytes.tx;
                // The first three are the answer; the rest explains it where there is something to explain.
                let is_shown = matches!(route, Route::Direct | Route::Proxied | Route::Tunnelled);
                if !is_shown && bytes == Bytes(0) {
                    continue;
                }
                let words = format!("route:{}", route.name());
                let is_chosen = filter.trim() == words;
                let amount = text::bytes_or_zero(bytes, units);
                let response = total_ui(ui, (route, &amount, is_chosen), tokens);
                if response.clicked() {
                    asked = Some(if is_chosen { String::new() } else { words });
                }
                let mut hint = meaning(route).to_owned();
                if route == Route::Carrier {
                    for tunnel in totals.tunnels.iter() {
                        let added = overhead(tunnel, units);
                        hint.extend(added.map(|added| format!("\n{}: {added}", tunnel.name)));
                    }
                }
                response.on_hover_text(hint);
            }
            if let Some(script) = script {
                let words = RichText::new(say!("proxies-by-script")).font(font(Weight::Regular, SMALL));
                ui.add_space(6.0);
                let hint = say!("proxies-by-script-hint", script = script);
                ui.label(words.color(tokens.dim)).on_hover_text(hint);
            }
        });
    });
    asked
}

/// A dot, a route and its bytes; can be clicked.
fn total_ui(ui: &mut Ui, (route, amount, is_chosen): (Route, &str, bool), tokens: &Tokens) -> Response {
    let name = font(Weight::Regular, SMALL);
    let number = font(Weight::Medium, SMALL);
    let title = ui.painter().layout_no_wrap(title(route).to_owned(), name, tokens.dim);
    let amount_galley = ui.painter().layout_no_wrap(amount.to_owned(), number, tokens.text);
    let width = DOT + 8.0 + title.size().x + 5.0 + amount_galley.size().x + 10.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, LINE - 6.0), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(Role::Button, true, is_chosen, format!("{} {amount}", self::title(route)))
    });
    if is_chosen || response.hovered() {
        ui.painter().rect_filled(rect, 5.0, if is_chosen { tokens.raised } else { tokens.hover });
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, 5.0, egui::Stroke::new(2.0, tokens.accent), egui::StrokeKind::Inside);
    }
    let dot = pos2(rect.left() + DOT, rect.center().y);
    dot_at(ui.painter(), dot, route, tokens);
    let mut left = dot.x + 8.0;
    for (galley, color) in [(title, tokens.dim), (amount_galley, tokens.text)] {
        let at = Align2::LEFT_CENTER.anchor_size(pos2(left, rect.center().y), galley.size());
        left += galley.size().x + 5.0;
        ui.painter().galley(at.min, galley, color);
    }
    response
}

/// A route's sign: full for what an app moves, a ring for what moves it on.
pub fn dot_at(painter: &egui::Painter, center: egui::Pos2, route: Route, tokens: &Tokens) {
    let color = color(route, tokens);
    if matches!(route, Route::Upstream | Route::Carrier) {
        painter.circle_stroke(center, 3.0, egui::Stroke::new(1.5, color));
    } else {
        painter.circle_filled(center, 3.5, color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel(inner: u64, outer: u64) -> TunnelTotals {
        TunnelTotals { name: "WireGuard".into(), inner: Bytes(inner), outer: Bytes(outer) }
    }

    #[test]
    fn overhead_is_what_the_outside_has_more() {
        let units = Units::default();
        let said = |inner, outer| overhead(&tunnel(inner, outer), units);
        assert_eq!(said(0, 100), None);
        assert_eq!(said(100, 0), None);
        assert_eq!(
            said(1_000_000, 1_050_000).as_deref(),
            Some("1.00\u{2009}MB inside, 1.05\u{2009}MB outside: 5.0 % more")
        );
        assert_eq!(said(1_000_000, 900_000).as_deref(), Some("1.00\u{2009}MB inside, 900\u{2009}kB outside"));
    }

    #[test]
    fn every_route_has_words_of_its_own() {
        let all = Route::ALL.map(|route| (title(route), meaning(route)));
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| one.0 != other.0 && one.1 != other.1), "{one:?}");
        }
    }
}
