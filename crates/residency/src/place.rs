//! What a provider's published ranges say of an address.

use creance_model::Jurisdiction;

use crate::TableError;
use crate::cursor::Cursor;

/// What kind of statement a place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// The range belongs to one region.
    Region,
    /// The range is served from many places.
    Anycast,
    /// The range is the provider's, without a region.
    Unplaced,
    /// Published ranges contradict each other.
    Clash,
    /// A region's name without ranges: a hint in host names.
    Name,
}

/// A region, or what stands in place of one, of a provider's published ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What it says.
    pub kind: PlaceKind,
    /// The provider's name as people know it, such as `AWS`; of an anycast list, the service.
    pub provider: Box<str>,
    /// The region's name as the provider writes it, or the anycast service; may be empty.
    pub region: Box<str>,
    /// The city or area, for the reader; may be empty.
    pub city: Box<str>,
    /// The country that the region stands in, where the region is listed.
    pub country: Option<Jurisdiction>,
    /// Countries in which an address of this range may stand instead: the region's zones abroad,
    /// where the range is too new for its zone to be known; of a clash, the countries claimed.
    pub also: Vec<Jurisdiction>,
}

impl Place {
    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, TableError> {
        let kind = match cursor.u8()? {
            0 => PlaceKind::Region,
            1 => PlaceKind::Anycast,
            2 => PlaceKind::Unplaced,
            3 => PlaceKind::Clash,
            4 => PlaceKind::Name,
            _ => return Err(cursor.error("a place is of no known kind")),
        };
        let provider = cursor.text()?.into();
        let region = cursor.text()?.into();
        let city = cursor.text()?.into();
        let country = match cursor.u16()?.to_le_bytes() {
            [0, 0] => None,
            code => Some(jurisdiction(code, cursor)?),
        };
        let count = cursor.u8()?;
        let also = (0..count)
            .map(|_| {
                let code = cursor.u16()?.to_le_bytes();
                jurisdiction(code, cursor)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { kind, provider, region, city, country, also })
    }
}

fn jurisdiction(code: [u8; 2], cursor: &Cursor<'_>) -> Result<Jurisdiction, TableError> {
    let capitals = code.iter().all(u8::is_ascii_uppercase);
    Jurisdiction::from_bytes(code)
        .filter(|_| capitals)
        .ok_or(cursor.error("a country is not two capital letters"))
}
