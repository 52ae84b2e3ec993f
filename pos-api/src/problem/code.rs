//! Every problem that is not a refusal: its code, its status, its words.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};

/// Declares the codes in one table, so that none lacks a status or a text.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal, $pesan:literal;)+) => {
        /// What went wrong. The list may grow; nothing in it is renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable code of answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// What happened, for developers.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What happened and what to do now, in Bahasa Indonesia.
            pub const fn pesan(self) -> &'static str {
                match self { $(Self::$name => $pesan,)+ }
            }
        }
    };
}

codes! {
    /// The header `Idempotency-Key` is not there.
    KeyMissing = "idempotency_key_missing", BAD_REQUEST, "the Idempotency-Key header is required",
        "Permintaan tidak memiliki kunci pengaman. Perbarui aplikasi kasir, lalu coba lagi.";
    /// The header `Idempotency-Key` is not 1 to 128 visible ASCII characters.
    KeyInvalid = "idempotency_key_invalid", BAD_REQUEST,
        "the Idempotency-Key header has to be 1 to 128 visible ASCII characters",
        "Kunci pengaman permintaan tidak sah. Perbarui aplikasi kasir, lalu coba lagi.";
    /// The body is not JSON.
    JsonUnreadable = "json_unreadable", BAD_REQUEST, "the body is not readable JSON",
        "Permintaan tidak terbaca. Periksa jaringan, lalu coba lagi.";
    /// The body was not there in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "the body did not arrive in time",
        "Permintaan terlalu lama diterima. Periksa jaringan, lalu coba lagi.";
    /// A field can't be read; nothing was recorded and no PIN counted.
    RequestInvalid = "request_invalid", UNPROCESSABLE_ENTITY, "a field of the request is not valid",
        "Isian tidak benar. Periksa isian yang ditandai, lalu coba lagi.";
    /// The idempotency key was used for another request.
    KeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "the Idempotency-Key was used for another request",
        "Kunci pengaman ini sudah dipakai untuk permintaan lain. Mulai transaksi baru.";
    /// No token was sent.
    TokenMissing = "token_missing", UNAUTHORIZED, "a bearer token is required",
        "Anda belum masuk. Masuk dahulu, lalu coba lagi.";
    /// The token is not valid, or no longer.
    TokenInvalid = "token_invalid", UNAUTHORIZED, "the bearer token is not valid",
        "Sesi Anda tidak berlaku lagi. Masuk kembali, lalu coba lagi.";
    /// Client id and secret do not fit.
    InvalidClient = "invalid_client", UNAUTHORIZED, "the client id or secret is wrong",
        "Nama pengguna atau sandi salah. Periksa, lalu coba lagi.";
    /// The token request's form can't be read.
    InvalidRequest = "invalid_request", BAD_REQUEST, "the token request is no readable form",
        "Permintaan masuk tidak terbaca. Perbarui aplikasi kasir.";
    /// The token request asks for another grant than client credentials.
    UnsupportedGrant = "unsupported_grant_type", BAD_REQUEST,
        "only the grant type client_credentials is supported",
        "Cara masuk ini tidak didukung. Perbarui aplikasi kasir.";
    /// The client's role may not do this.
    RoleNotAllowed = "role_not_allowed", FORBIDDEN, "the client's role does not allow this",
        "Akun Anda tidak berhak melakukan ini.";
    /// There is no such record, or it belongs to another client.
    NotFound = "not_found", NOT_FOUND, "there is nothing here for this client",
        "Data tidak ditemukan. Periksa nomornya.";
    /// The path has no such method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "the resource does not have this method", "Permintaan tidak dikenal. Perbarui aplikasi kasir.";
    /// The body is larger than the resource takes.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "the body is too large",
        "Permintaan terlalu besar.";
    /// The body is of another media type.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "the body has to be application/json", "Permintaan tidak dikenal. Perbarui aplikasi kasir.";
    /// The redemption was taken back before.
    AlreadyReversed = "already_reversed", CONFLICT, "the redemption is reversed already",
        "Transaksi ini sudah dibatalkan.";
    /// The redemption was refused: there is nothing to take back.
    NotApproved = "not_approved", CONFLICT, "the redemption was refused",
        "Transaksi ini ditolak, tidak ada yang dibatalkan.";
    /// The redemption's day is closed.
    DayClosed = "day_closed", CONFLICT, "the redemption's business day is closed",
        "Hari penyelesaian sudah ditutup. Hubungi bank penyalur.";
    /// The card's state does not allow it.
    CardStateConflict = "card_state_conflict", CONFLICT, "the card's state does not allow this",
        "Status kartu tidak memungkinkan tindakan ini.";
    /// The card number is in use.
    CardNumberTaken = "card_number_taken", CONFLICT, "a card has this number already",
        "Nomor kartu ini sudah terdaftar.";
    /// The household has a card that works.
    HouseholdHasCard = "household_has_card", CONFLICT, "the household has a card already",
        "Keluarga ini sudah memiliki kartu. Gunakan penggantian kartu.";
    /// The bank's reference was used for another amount.
    ReferenceReused = "reference_reused", CONFLICT,
        "the bank's reference was used for another amount",
        "Nomor referensi ini sudah dipakai untuk jumlah lain.";
    /// So much of a funding can't go back.
    NotReturnable = "not_returnable", CONFLICT,
        "so much of the funding can't go back: it is credited, promised or back already",
        "Dana sebanyak itu tidak dapat dikembalikan karena sudah disalurkan, dicadangkan, atau dikembalikan.";
    /// A credit run of this period, or a reversal of one, is under way.
    RunUnderWay = "run_under_way", CONFLICT,
        "a credit run or a reversal of this period is under way",
        "Penyaluran atau pembatalan untuk bulan ini masih berjalan. Tunggu sampai selesai, lalu coba lagi.";
    /// The bank's day can't be closed: it has not begun, or lies before the open one.
    DayNotOpen = "day_not_open", CONFLICT, "this is no open business day of the bank",
        "Tanggal ini bukan hari penyelesaian yang terbuka.";
    /// The bank's day is not over, and its close does not say that it is early.
    DayNotOver = "day_not_over", CONFLICT,
        "the business day is not over yet; closing it early needs `early` and a reason",
        "Hari penyelesaian belum berakhir. Tunggu sampai batas waktu bank, atau tutup lebih awal dengan alasan.";
    /// The bank's day is not closed: it is not known yet what is due.
    DayNotClosed = "day_not_closed", CONFLICT, "the business day is not closed yet",
        "Hari penyelesaian belum ditutup. Tutup dahulu, lalu cocokkan.";
    /// A bank's file may not be used; nothing of it was. `errors` names the file and the reason.
    FileRefused = "file_refused", UNPROCESSABLE_ENTITY, "a bank file may not be used",
        "Berkas bank tidak dapat dipakai. Minta berkas yang benar kepada bank.";
    /// A bank's file is of another account, bank or currency. `errors` names it.
    WrongAccount = "wrong_account", UNPROCESSABLE_ENTITY,
        "a bank file is of another account, bank or currency",
        "Berkas ini dari rekening lain. Minta mutasi rekening Anda sendiri kepada bank.";
    /// Most rows of a bank's file are about others. `errors` names it.
    ForeignRows = "foreign_rows", UNPROCESSABLE_ENTITY, "most rows of a bank file are about others",
        "Sebagian besar isi berkas ini bukan milik Anda. Minta berkas yang benar kepada bank.";
    /// The bank files have more rows than one request, or one day, may have.
    TooManyRows = "too_many_rows", PAYLOAD_TOO_LARGE, "the bank files have too many rows",
        "Isi berkas terlalu banyak. Kirim mutasi untuk satu hari saja.";
    /// The bank files would make more differences than one recording may.
    TooManyExceptions = "too_many_exceptions", PAYLOAD_TOO_LARGE,
        "the bank files differ from the ledger in too many rows",
        "Terlalu banyak selisih. Periksa apakah berkas ini untuk hari yang benar.";
    /// The client's recordings of the day have brought as much as they may.
    RecordingsExhausted = "recordings_exhausted", TOO_MANY_REQUESTS,
        "the client's recordings of today have brought as much as they may",
        "Batas pengiriman berkas untuk hari ini sudah tercapai. Coba lagi besok.";
    /// There is no file to reconcile with.
    FileMissing = "file_missing", UNPROCESSABLE_ENTITY, "there is no file to reconcile with",
        "Belum ada berkas bank untuk hari ini.";
    /// The day is signed off, or it is not and would have to be.
    SignedOff = "signed_off", CONFLICT, "the day's signature does not allow this",
        "Status pengesahan hari ini tidak memungkinkan tindakan ini.";
    /// Whoever did the first part may not do the second.
    SecondPersonRequired = "second_person_required", CONFLICT, "a second person has to do this",
        "Tindakan ini harus dilakukan orang kedua.";
    /// Differences wait for a decision.
    ExceptionsOpen = "exceptions_open", CONFLICT, "there are open differences",
        "Masih ada selisih yang belum diputuskan.";
    /// What lies in suspense is not what the day's differences say.
    SuspenseDiffers = "suspense_differs", CONFLICT,
        "suspense does not add up to the day's open and accepted differences",
        "Rekening selisih belum cocok dengan keputusan hari ini. Jangan disahkan; hubungi operator.";
    /// The difference was decided or explained before.
    ExceptionClosed = "exception_closed", CONFLICT, "the difference is closed",
        "Selisih ini sudah selesai.";
    /// The decision does not fit the difference.
    ResolutionNotApplicable = "resolution_not_applicable", CONFLICT,
        "the decision does not fit this difference", "Keputusan ini tidak cocok untuk selisih ini.";
    /// A limit of the client was met: it failed too often, or reads too much.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS,
        "the client failed too often or asks for too much; wait before the next request",
        "Terlalu banyak permintaan. Tunggu sebentar, lalu coba lagi.";
    /// Too much is waiting, or the service is not ready: nothing was done.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE,
        "the service is not ready or overloaded; nothing was done",
        "Layanan sedang sibuk. Tidak ada yang dipotong. Tunggu sebentar, lalu coba lagi.";
    /// It is not known whether it was done.
    OutcomeUnknown = "outcome_unknown", GATEWAY_TIMEOUT,
        "the outcome is unknown; send the same request again",
        "Hasil transaksi belum diketahui. Kirim ulang transaksi yang sama; saldo tidak terpotong dua kali.";
    /// Something that must not happen.
    Internal = "internal", INTERNAL_SERVER_ERROR, "an unexpected error",
        "Terjadi gangguan. Hubungi layanan bantuan dengan nomor permintaan ini.";
}

impl Code {
    /// The header that goes with it: how to authenticate, when to come back.
    pub(super) fn header(self) -> Option<(HeaderName, &'static str)> {
        if self == Self::Unavailable {
            Some((header::RETRY_AFTER, "1"))
        } else if matches!(self, Self::TokenMissing | Self::TokenInvalid) {
            Some((header::WWW_AUTHENTICATE, "Bearer"))
        } else if self == Self::InvalidClient {
            Some((header::WWW_AUTHENTICATE, "Basic realm=\"ewarong\""))
        } else {
            None
        }
    }

    /// Whether the code is one that RFC 6749 names for token requests.
    pub const fn is_of_token_request(self) -> bool {
        matches!(self, Self::InvalidClient | Self::InvalidRequest | Self::UnsupportedGrant)
    }
}
