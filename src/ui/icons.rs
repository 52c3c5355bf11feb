//! The apps' icons as textures: asked of the rest of Crow once, and kept while they are few.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use egui::{ColorImage, Context, TextureHandle, TextureId, TextureOptions};

use crate::session::{AppIcon, Backend, IconState, Program};

/// Apps whose icons, or the lack of one, are kept; when there are more, all are asked for again.
const MAX_ICONS: usize = 512;

/// What the window knows of icons.
#[derive(Default)]
pub struct Icons {
    /// By the app's id; `None` where there is no icon.
    known: BTreeMap<String, Option<TextureHandle>>,
    /// What was looked for in this frame and is not known.
    wished: RefCell<BTreeSet<Program>>,
}

impl Icons {
    /// The icon of an app, if it has one and it is here already. What is unknown is wished for.
    pub fn texture(&self, app: &str, path: Option<&Arc<str>>) -> Option<TextureId> {
        match self.known.get(app) {
            Some(known) => known.as_ref().map(TextureHandle::id),
            // What has no program has no icon.
            None if app.is_empty() => None,
            None => {
                let program = Program { app: app.to_owned(), path: path.cloned() };
                self.wished.borrow_mut().insert(program);
                None
            }
        }
    }

    /// Asks for what was wished for in this frame; what is being looked for is wished for again in the next one.
    pub fn refresh(&mut self, ctx: &Context, backend: &dyn Backend) {
        for program in self.wished.take() {
            let known = match backend.icon(&program) {
                IconState::Sought => continue,
                IconState::None => None,
                IconState::Found(icon) => texture(ctx, &program.app, &icon),
            };
            if MAX_ICONS <= self.known.len() {
                self.known.clear();
            }
            self.known.insert(program.app, known);
        }
    }
}

/// `None` for pixels that are not as many as they should be.
fn texture(ctx: &Context, app: &str, icon: &AppIcon) -> Option<TextureHandle> {
    let side = AppIcon::SIDE as usize;
    if icon.rgba.len() != side * side * 4 {
        return None;
    }
    let image = ColorImage::from_rgba_unmultiplied([side, side], &icon.rgba);
    Some(ctx.load_texture(format!("icon of {app}"), image, TextureOptions::LINEAR))
}
