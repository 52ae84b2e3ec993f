//! What a refusal says to the shop: what happened, what to do now, in Bahasa Indonesia.

use ledger::domain::refusal::Refusal;

/// What happened, for developers.
pub(super) const fn refusal_title(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::MerchantInactive => "the merchant is not active",
        Refusal::TerminalInactive => "the terminal is not active",
        Refusal::TerminalSuspended => "the terminal is suspended",
        Refusal::CardUnknown => "no card has this number",
        Refusal::CardBlocked => "the card is blocked",
        Refusal::CardPinBlocked => "the card is blocked by wrong PINs",
        Refusal::CardNotActive => "the card is not active",
        Refusal::CardExpired => "the card has expired",
        Refusal::PinWrong => "the PIN is wrong",
        Refusal::CommodityNotAllowed => "the programme does not pay for this commodity",
        Refusal::UnitNotAllowed => "the commodity is not sold by this unit",
        Refusal::QuantityInvalid => "the quantity is not valid",
        Refusal::PriceAboveCeiling => "the price is above the ceiling",
        Refusal::AmountInvalid => "the amount is not valid",
        Refusal::BalanceInsufficient => "the balance is insufficient",
    }
}

/// What happened and what to do now.
pub(super) const fn refusal_pesan(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::MerchantInactive => {
            "e-Warong tidak aktif. Tidak ada yang dipotong. Hubungi bank penyalur."
        }
        Refusal::TerminalInactive => {
            "Mesin EDC tidak aktif. Tidak ada yang dipotong. Hubungi bank penyalur."
        }
        Refusal::TerminalSuspended => {
            "Mesin EDC ini dihentikan sementara, misalnya karena PIN salah pada banyak kartu. Tidak ada yang dipotong. Hubungi bank penyalur untuk membukanya kembali."
        }
        Refusal::CardUnknown => "Kartu tidak dikenal. Hubungi bank penyalur.",
        Refusal::CardBlocked => {
            "Kartu diblokir. Tidak ada yang dipotong. KPM perlu menghubungi bank penyalur."
        }
        Refusal::CardPinBlocked => {
            "Kartu terblokir karena PIN salah tiga kali. KPM perlu menghubungi bank penyalur."
        }
        Refusal::CardNotActive => {
            "Kartu belum atau tidak lagi aktif. KPM perlu menghubungi bank penyalur."
        }
        Refusal::CardExpired => "Masa berlaku kartu habis. KPM perlu meminta kartu baru di bank.",
        Refusal::PinWrong => {
            "PIN salah. Tidak ada yang dipotong. Minta KPM memasukkan PIN kembali; tiga kali salah, kartu terblokir."
        }
        Refusal::CommodityNotAllowed => {
            "Barang ini tidak dapat dibeli dengan KKS. Hanya beras dan telur. Ubah belanjaan."
        }
        Refusal::UnitNotAllowed => "Satuan barang tidak sesuai. Ubah satuan, lalu coba lagi.",
        Refusal::QuantityInvalid => "Jumlah barang tidak benar. Ubah jumlah, lalu coba lagi.",
        Refusal::PriceAboveCeiling => {
            "Harga di atas harga eceran tertinggi (HET). Turunkan harga, lalu coba lagi."
        }
        Refusal::AmountInvalid => "Harga atau total tidak benar. Periksa harga, lalu coba lagi.",
        Refusal::BalanceInsufficient => {
            "Saldo tidak cukup. Tidak ada yang dipotong. Kurangi belanjaan, lalu coba lagi."
        }
    }
}
