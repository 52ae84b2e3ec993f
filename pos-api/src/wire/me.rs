//! Who a client is, and what a shop may sell, on the wire.

use ledger::domain::money::Rupiah;
use ledger::service::{Catalogue, CatalogueItem, Scope, Shop};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Session;
use crate::wire::schema;

/// Who a client is; what its role does not have is left out.
#[derive(Serialize)]
pub(crate) struct MeAnswer<'a> {
    client_id: &'a str,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank: Option<&'a str>,
    /// The account with which its statements are compared, where it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<&'a str>,
    #[serde(flatten)]
    shop: Option<ShopAnswer<'a>>,
}

#[derive(Serialize)]
struct ShopAnswer<'a> {
    merchant_id: &'a str,
    merchant_name: &'a str,
    address: &'a str,
    terminal_id: &'a str,
    zone: &'static str,
}

impl<'a> MeAnswer<'a> {
    pub(crate) fn of(session: &'a Session, account_number: Option<&'a str>) -> Self {
        let (bank, shop) = match &session.scope {
            Scope::Merchant(shop) => (Some(shop.bank_code.as_str()), Some(ShopAnswer::of(shop))),
            Scope::Bank(_, code) => (Some(code.as_str()), None),
            Scope::Auditor | Scope::Programme => (None, None),
        };
        let role = session.scope.role().as_str();
        Self { client_id: &session.client_id, role, bank, account_number, shop }
    }
}

impl<'a> ShopAnswer<'a> {
    fn of(shop: &'a Shop) -> Self {
        Self {
            merchant_id: &shop.merchant_code,
            merchant_name: &shop.name,
            address: &shop.address,
            terminal_id: &shop.terminal_code,
            zone: shop.zone.as_str(),
        }
    }
}

/// What a shop may sell today.
#[derive(Serialize, ToSchema)]
#[schema(as = Catalogue)]
pub(crate) struct CatalogueAnswer<'a> {
    #[schema(schema_with = schema::date)]
    date: String,
    #[schema(schema_with = schema::zone)]
    zone: &'static str,
    /// The region of price ceilings
    price_zone: i16,
    items: Vec<ItemAnswer<'a>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CatalogueItem)]
struct ItemAnswer<'a> {
    commodity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<&'a str>,
    unit: &'a str,
    /// How many decimals a quantity may have
    decimals: u32,
    #[schema(schema_with = schema::rupiah, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    ceiling: Option<i64>,
}

impl<'a> CatalogueAnswer<'a> {
    pub(crate) fn of(shop: &Shop, catalogue: &'a Catalogue) -> Self {
        let item = |item: &'a CatalogueItem| ItemAnswer {
            commodity: &item.good.commodity,
            grade: item.good.grade.as_deref(),
            unit: &item.good.unit,
            decimals: item.good.decimals,
            ceiling: item.ceiling.map(Rupiah::get),
        };
        Self {
            date: catalogue.date.to_string(),
            zone: shop.zone.as_str(),
            price_zone: shop.price_zone.0,
            items: catalogue.items.iter().map(item).collect(),
        }
    }
}
