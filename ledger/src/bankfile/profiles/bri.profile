# BRI: the long and the short export, and the counter's workbook.
name = bri
bank = bri
encoding = utf-8 | windows-1252
separators = comma | semicolon | tab
numbers = 1,234.56
dates = YYYY-MM-DD hh:mm:ss | YYYY-MM-DD | DD/MM/YYYY hh:mm:ss | DD/MM/YYYY hh:mm | DD/MM/YYYY
# A row counts for the day it takes effect on, where the layout says it.
business_date = value
account = NOREK | No Rekening | No. Rekening | Nomor Rekening
period = PERIODE | Periode Transaksi
# The reference hides in the description, the remark or the second TLBDS column.
reference_after = WS_OB;
opening_row = Saldo Awal | Opening Balance
closing_row = Saldo Akhir | Closing Balance
total_row = Total | Jumlah
ignored_row = Dicetak | Printed | Halaman | Page

[layout long]
needs = TGL_EFEKTIF
booking_date = TGL_TRAN
value_date = TGL_EFEKTIF
time = JAM_TRAN
sequence = SEQ
description = DESK_TRAN
reference_text = TRREMK | TLBDS1 | TLBDS2 | REMARK_CUSTOM
balance_before = SALDO_AWAL_MUTASI
debit = MUTASI_DEBET
credit = MUTASI_KREDIT
balance = SALDO_AKHIR_MUTASI
ignored = GLSIGN | TRUSER | KODE_TRAN | KODE_TRAN_TELLER
write = NOREK | TGL_TRAN | TGL_EFEKTIF | JAM_TRAN | SEQ | DESK_TRAN | SALDO_AWAL_MUTASI | MUTASI_DEBET | MUTASI_KREDIT | SALDO_AKHIR_MUTASI | GLSIGN | TRUSER | KODE_TRAN | KODE_TRAN_TELLER | TRREMK | TLBDS1 | TLBDS2

[layout short]
booking_date = TGL_TRAN
description = DESK_TRAN
debit = MUTASI_DEBET
credit = MUTASI_KREDIT
balance = SALDO_AKHIR_MUTASI
write = NOREK | TGL_TRAN | DESK_TRAN | MUTASI_DEBET | MUTASI_KREDIT | SALDO_AKHIR_MUTASI

[layout counter]
serial_dates = yes
booking_date = Tanggal Transaksi | Tgl Transaksi
description = Uraian Transaksi
debit = Debet | Debit
credit = Kredit | Credit
balance = Saldo | Balance
ignored = Teller
write = Tanggal Transaksi | Uraian Transaksi | Teller | Debet | Kredit | Saldo
