# BRI: the long and the short export, and the columns of the counter's list.
name = bri
separators = comma | semicolon
numbers = 1,234.56
dates = YYYY-MM-DD hh:mm:ss | YYYY-MM-DD | DD/MM/YYYY hh:mm:ss | DD/MM/YYYY hh:mm | DD/MM/YYYY
# A row counts for the day it takes effect on.
business_date = value
account = NOREK | No Rekening | Nomor Rekening
booking_date = TGL_TRAN | Tanggal Transaksi
value_date = TGL_EFEKTIF
time = JAM_TRAN
sequence = SEQ
description = DESK_TRAN | Uraian Transaksi
# The reference hides in the description, the remark or the second TLBDS column.
reference_text = TRREMK | TLBDS1 | TLBDS2 | REMARK_CUSTOM
reference_after = WS_OB;
debit = MUTASI_DEBET | Debet
credit = MUTASI_KREDIT | Kredit
balance_before = SALDO_AWAL_MUTASI
balance = SALDO_AKHIR_MUTASI | Saldo
opening_row = Saldo Awal | Opening Balance
closing_row = Saldo Akhir | Closing Balance
total_row = Total | Jumlah
write = NOREK | TGL_TRAN | TGL_EFEKTIF | JAM_TRAN | SEQ | DESK_TRAN | SALDO_AWAL_MUTASI | MUTASI_DEBET | MUTASI_KREDIT | SALDO_AKHIR_MUTASI | GLSIGN | TRUSER | KODE_TRAN | KODE_TRAN_TELLER | TRREMK | TLBDS1 | TLBDS2
