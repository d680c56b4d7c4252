//! What stands at an address where nothing is.

use leptos::prelude::*;

use crate::components::{Crumb, ErrorPanel, PageHeader};
use crate::error::AppError;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    #[cfg(feature = "ssr")]
    let error = AppError::NotFound.answered();
    #[cfg(not(feature = "ssr"))]
    let error = AppError::NotFound;
    view! {
        <PageHeader title="Page not found" crumbs=&[Crumb::Product] />
        <ErrorPanel error=error />
    }
    .into_any()
}
