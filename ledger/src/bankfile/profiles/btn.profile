# BTN: no layout of the bank is public, so this default knows the column names of the other banks.
# Copy it and correct it for the bank's own files; `--profile FILE` takes the copy.
name = btn
bank = btn
# Asked only when the header fits no other bank's layout.
fallback = yes
encoding = utf-8 | windows-1252
separators = comma | semicolon | tab
numbers = 1,234.56
dates = YYYY-MM-DD hh:mm:ss | YYYY-MM-DD | DD/MM/YYYY hh:mm:ss | DD/MM/YYYY hh:mm | DD/MM/YYYY | DD/MM/YY hh.mm.ss | DD/MM/YY
serial_dates = yes
account = NOREK | Account No | AccountNo | Account Number | No Rekening | No. Rekening | Nomor Rekening
currency_column = Ccy | Currency | Mata Uang
period = PERIODE | Period
booking_date = TGL_TRAN | Tanggal Transaksi | Tgl Transaksi | Post Date | Posting Date | Tgl Trans | Date | Tgl. | Tanggal
value_date = TGL_EFEKTIF | Value Date | Effective Date | Val. Date | Tgl. Val.
time = JAM_TRAN
sequence = SEQ
description = DESK_TRAN | Uraian Transaksi | Uraian | Description | Remarks | AdditionalDesc | Rincian Transaksi | Keterangan
reference = Journal No. | Journal | Reference No. | No. Referensi | Referensi
reference_text = TRREMK | TLBDS1 | TLBDS2 | REMARK_CUSTOM
reference_after = WS_OB;
debit = MUTASI_DEBET | Debet | Debit | Debit Amount
credit = MUTASI_KREDIT | Kredit | Credit | Credit Amount
amount = Amount | Jumlah Transaksi
sign = DB/CR
balance_before = SALDO_AWAL_MUTASI
balance = SALDO_AKHIR_MUTASI | Saldo | Balance | Close Balance
ignored = Branch | Teller | Transaction Code | GLSIGN | TRUSER | KODE_TRAN | KODE_TRAN_TELLER
opening_row = Saldo Awal | Opening Balance | Beginning Balance
closing_row = Saldo Akhir | Closing Balance | Ending Balance
total_row = Total | Jumlah
ignored_row = Dicetak | Printed | Halaman | Page
write = No Rekening | Tanggal | Keterangan | Debet | Kredit | Saldo
