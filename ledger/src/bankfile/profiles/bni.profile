# BNI: with debit and credit, with the sign in a column of its own, and the counter's list.
# No layout names the account in its rows.
name = bni
bank = bni
encoding = utf-8 | windows-1252
separators = comma | semicolon | tab
numbers = 1,234.56
dates = DD/MM/YY hh.mm.ss | DD/MM/YY | DD/MM/YYYY hh.mm.ss | DD/MM/YYYY
account = Account No | Account Number | No Rekening | No. Rekening | Nomor Rekening
period = Period | Periode
# Rows that are not booked yet have this in place of their date.
pending = PEND
opening_row = Saldo Awal | Opening Balance | Beginning Balance
closing_row = Saldo Akhir | Closing Balance | Ending Balance
total_row = Total | Jumlah
ignored_row = Dicetak | Printed | Halaman | Page

[layout journal]
booking_date = Post Date
value_date = Value Date
description = Description
# Equal rows of one day differ by their journal number only.
reference = Journal No.
debit = Debit
credit = Credit
balance = Balance
ignored = Branch
write = Post Date | Value Date | Branch | Journal No. | Description | Debit | Credit | Balance

[layout sign-column]
booking_date = Posting Date
value_date = Effective Date
description = Description
reference = Journal
amount = Amount
sign = DB/CR
balance = Balance
ignored = Branch
write = Posting Date | Effective Date | Branch | Journal | Description | Amount | DB/CR | Balance

[layout counter]
serial_dates = yes
booking_date = Tgl Trans | Tgl Transaksi | Tanggal Transaksi
description = Uraian | Uraian Transaksi
debit = Debet | Debit
credit = Kredit | Credit
balance = Saldo | Balance
write = Tgl Trans | Uraian | Debet | Kredit | Saldo
