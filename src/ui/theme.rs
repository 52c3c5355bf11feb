//! Colours and sizes, named by what they are for, in dark and in light.

use egui::{
    Color32, Context, CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, Theme, ThemePreference, Vec2,
    style::ScrollAnimation,
};

use super::fonts::{Weight, font};
use crate::settings::Appearance;

/// One theme's colours. Down is always blue and up always orange.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tokens {
    /// Behind the table.
    pub bg: Color32,
    /// Toolbar, status bar, menus.
    pub panel: Color32,
    /// Every second row.
    pub stripe: Color32,
    /// Under the pointer.
    pub hover: Color32,
    /// Hairlines.
    pub line: Color32,
    /// Text fields and the trough of the view switch.
    pub field: Color32,
    /// The chosen segment of the view switch.
    pub raised: Color32,
    /// Buttons and check boxes.
    pub button: Color32,
    /// Ordinary text.
    pub text: Color32,
    /// Second in rank: units of context, headers.
    pub dim: Color32,
    /// Third in rank: dashes for zero, what has ended.
    pub faint: Color32,
    /// First in rank.
    pub strong: Color32,
    /// What is active or sorted by.
    pub accent: Color32,
    /// Behind white text on the button that mends a state.
    pub action: Color32,
    /// Behind the selected row.
    pub selection: Color32,
    /// Received.
    pub down: Color32,
    /// Sent.
    pub up: Color32,
    /// Goes through a proxy.
    pub proxied: Color32,
    /// Goes through a tunnel.
    pub tunnelled: Color32,
    /// Capture runs.
    pub good: Color32,
    /// Something needs the user.
    pub warn: Color32,
    /// Behind what the filter found.
    pub mark: Color32,
    /// Behind a banner that needs the user.
    pub warn_bg: Color32,
    /// Something failed.
    pub bad: Color32,
    /// Behind white text on the button that cannot be undone.
    pub danger: Color32,
    /// Whether light text stands on dark ground.
    pub is_dark: bool,
}

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

/// Light text on dark ground.
pub const DARK: Tokens = Tokens {
    bg: rgb(0x1e_1f22),
    panel: rgb(0x26_272b),
    stripe: rgb(0x22_2327),
    hover: rgb(0x2e_3036),
    line: rgb(0x36_383e),
    field: rgb(0x17_181a),
    raised: rgb(0x3a_3c43),
    button: rgb(0x3a_3c43),
    text: rgb(0xd7_d9de),
    dim: rgb(0xa3_a6af),
    faint: rgb(0x8b_8f99),
    strong: rgb(0xf5_f6f8),
    accent: rgb(0x0a_84ff),
    action: rgb(0x0a_6ad6),
    selection: rgb(0x1f_4f86),
    down: rgb(0x4a_a8ff),
    up: rgb(0xff_9f43),
    proxied: rgb(0xb7_92ff),
    tunnelled: rgb(0x3a_c9ba),
    good: rgb(0x30_c95b),
    warn: rgb(0xf2_b53a),
    mark: rgb(0x5c_4a12),
    warn_bg: rgb(0x3a_3222),
    bad: rgb(0xff_6b61),
    danger: rgb(0xc8_3a32),
    is_dark: true,
};

/// Dark text on light ground.
pub const LIGHT: Tokens = Tokens {
    bg: rgb(0xff_ffff),
    panel: rgb(0xf5_f5f7),
    stripe: rgb(0xf7_f8fa),
    hover: rgb(0xec_eef2),
    line: rgb(0xdc_dde1),
    field: rgb(0xe9_eaee),
    raised: rgb(0xff_ffff),
    button: rgb(0xe2_e4e9),
    text: rgb(0x26_272b),
    dim: rgb(0x5f_626a),
    faint: rgb(0x6a_6d75),
    strong: rgb(0x0b_0c0e),
    accent: rgb(0x00_7aff),
    action: rgb(0x00_6ae0),
    selection: rgb(0xcf_e4ff),
    down: rgb(0x0a_6fe0),
    up: rgb(0xd0_6c08),
    proxied: rgb(0x7b_45d6),
    tunnelled: rgb(0x0a_7f76),
    good: rgb(0x1c_8f3f),
    warn: rgb(0x94_5d00),
    mark: rgb(0xff_e58a),
    warn_bg: rgb(0xfb_f1dc),
    bad: rgb(0xc9_2a20),
    danger: rgb(0xc9_2a20),
    is_dark: false,
};

/// Points: body text.
pub const BODY: f32 = 13.0;
/// Points: header cells, chips, the status bar.
pub const SMALL: f32 = 11.5;
/// Points: the strong line of a state.
pub const HEADING: f32 = 17.0;
/// Points: a table row.
pub const ROW: f32 = 24.0;
/// Points: the header row.
pub const HEADER: f32 = 28.0;
/// Points: left and right of a cell's text.
pub const CELL: f32 = 10.0;
/// Points: corners.
pub const CORNER: u8 = 6;
/// Points: a control in the toolbar.
pub const CONTROL: f32 = 26.0;

/// Seconds that something takes to open.
const ANIMATION: f32 = 0.08;

/// The colours of the theme that `ui` is drawn in.
#[must_use]
pub fn tokens(ui: &egui::Ui) -> &'static Tokens {
    if ui.visuals().dark_mode { &DARK } else { &LIGHT }
}

/// Likewise of what `ctx` draws.
#[must_use]
pub fn of_context(ctx: &Context) -> &'static Tokens {
    if ctx.theme() == Theme::Dark { &DARK } else { &LIGHT }
}

/// Gives `ctx` both themes and follows the system until [`choose`] says otherwise.
pub fn install(ctx: &Context) {
    ctx.options_mut(|options| options.fallback_theme = Theme::Dark);
    for (theme, tokens) in [(Theme::Dark, &DARK), (Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            sizes(style);
            colours(style, tokens);
            widgets(style, tokens);
        });
    }
}

/// Whether nothing is to move that need not: no row fades, and nothing glides to where it opens or scrolls.
pub fn set_still(ctx: &Context, is_still: bool) {
    ctx.all_styles_mut(|style| {
        style.animation_time = if is_still { 0.0 } else { ANIMATION };
        style.scroll_animation = if is_still { ScrollAnimation::none() } else { ScrollAnimation::default() };
    });
}

/// Draws in the theme that the user chose.
pub fn choose(ctx: &Context, appearance: Appearance) {
    ctx.set_theme(match appearance {
        Appearance::System => ThemePreference::System,
        Appearance::Light => ThemePreference::Light,
        Appearance::Dark => ThemePreference::Dark,
    });
}

fn sizes(style: &mut Style) {
    style.text_styles = [
        (TextStyle::Body, font(Weight::Regular, BODY)),
        (TextStyle::Button, font(Weight::Regular, BODY)),
        (TextStyle::Small, font(Weight::Regular, SMALL)),
        (TextStyle::Heading, font(Weight::SemiBold, HEADING)),
        (TextStyle::Monospace, egui::FontId::monospace(12.0)),
    ]
    .into();
    style.animation_time = ANIMATION;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.5;
    style.spacing.item_spacing = Vec2::new(8.0, 6.0);
    style.spacing.button_padding = Vec2::new(10.0, 4.0);
    style.spacing.interact_size.y = 24.0;
    style.spacing.menu_margin = Margin::same(5);
    style.spacing.scroll = egui::style::ScrollStyle::floating();
}

fn colours(style: &mut Style, tokens: &Tokens) {
    let visuals = &mut style.visuals;
    visuals.dark_mode = tokens.is_dark;
    visuals.panel_fill = tokens.bg;
    visuals.window_fill = tokens.panel;
    visuals.extreme_bg_color = tokens.field;
    visuals.text_edit_bg_color = Some(tokens.field);
    visuals.faint_bg_color = tokens.stripe;
    visuals.weak_text_color = Some(tokens.dim);
    visuals.hyperlink_color = tokens.accent;
    visuals.warn_fg_color = tokens.warn;
    visuals.error_fg_color = tokens.bad;
    visuals.selection.bg_fill = tokens.selection;
    visuals.selection.stroke = Stroke::new(1.0, tokens.strong);
    visuals.window_stroke = Stroke::new(1.0, tokens.line);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(8);
    let shade = if tokens.is_dark { 110 } else { 45 };
    visuals.popup_shadow =
        Shadow { offset: [0, 6], blur: 22, spread: 0, color: Color32::from_black_alpha(shade) };
    visuals.window_shadow = visuals.popup_shadow;
    visuals.text_cursor.stroke = Stroke::new(1.5, tokens.accent);
}

fn widgets(style: &mut Style, tokens: &Tokens) {
    let widgets = &mut style.visuals.widgets;
    for (widget, fill, text) in [
        (&mut widgets.noninteractive, tokens.panel, tokens.text),
        (&mut widgets.inactive, tokens.button, tokens.text),
        (&mut widgets.hovered, tokens.hover, tokens.strong),
        (&mut widgets.active, tokens.line, tokens.strong),
        (&mut widgets.open, tokens.hover, tokens.strong),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::NONE;
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = CornerRadius::same(CORNER);
        widget.expansion = 0.0;
    }
    widgets.noninteractive.bg_stroke = Stroke::new(1.0, tokens.line);
    // Tables draw the grip between two columns with these.
    widgets.hovered.bg_stroke = Stroke::new(1.0, tokens.dim);
    widgets.active.bg_stroke = Stroke::new(1.0, tokens.accent);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.2 §"relative luminance".
    fn luminance(color: Color32) -> f64 {
        let channel = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(color.r()) + 0.7152 * channel(color.g()) + 0.0722 * channel(color.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        assert!((contrast(Color32::BLACK, Color32::WHITE) - 21.0).abs() < 1e-9);
        assert!((contrast(rgb(0x77_7777), Color32::WHITE) - 4.478).abs() < 1e-3);
    }

    #[test]
    fn text_reaches_aa_on_every_ground_it_stands_on() {
        for t in [DARK, LIGHT] {
            let ground = [("bg", t.bg), ("panel", t.panel), ("stripe", t.stripe)];
            let text = [("text", t.text), ("strong", t.strong), ("dim", t.dim), ("faint", t.faint)];
            for (name, color) in text {
                for (on, ground) in ground {
                    let reached = contrast(color, ground);
                    assert!(reached >= 4.5, "{name} on {on}, dark {}: {reached:.2}", t.is_dark);
                }
            }
            for (name, color, ground) in [
                ("text on hover", t.text, t.hover),
                ("dim on hover", t.dim, t.hover),
                ("dim in a field", t.dim, t.field),
                ("strong on selection", t.strong, t.selection),
                ("text on selection", t.text, t.selection),
                ("strong on raised", t.strong, t.raised),
                ("text on a button", t.text, t.button),
                ("white on an action", Color32::WHITE, t.action),
                ("white on a danger", Color32::WHITE, t.danger),
                ("text on a banner", t.text, t.warn_bg),
                ("text on a mark", t.text, t.mark),
                ("strong on a mark", t.strong, t.mark),
                ("warn on panel", t.warn, t.panel),
                ("bad on panel", t.bad, t.panel),
            ] {
                let reached = contrast(color, ground);
                assert!(reached >= 4.5, "{name}, dark {}: {reached:.2}", t.is_dark);
            }
        }
    }

    #[test]
    fn what_is_drawn_reaches_three_to_one() {
        for t in [DARK, LIGHT] {
            let routes = [("proxied", t.proxied), ("tunnelled", t.tunnelled)];
            let others = [("down", t.down), ("up", t.up), ("accent", t.accent), ("good", t.good)];
            for (name, color) in others.into_iter().chain(routes) {
                for ground in [t.bg, t.panel, t.stripe] {
                    let reached = contrast(color, ground);
                    assert!(reached >= 3.0, "{name}, dark {}: {reached:.2}", t.is_dark);
                }
            }
        }
    }
}
