# BNI: two layouts with debit and credit, one with the sign in a column of its own.
# No layout names the account.
name = bni
separators = comma | semicolon
numbers = 1,234.56
dates = DD/MM/YY hh.mm.ss | DD/MM/YY | DD/MM/YYYY hh.mm.ss | DD/MM/YYYY
account = Account No | Account Number | No Rekening | Nomor Rekening
booking_date = Post Date | Posting Date | Tgl Trans | Tanggal Transaksi
value_date = Value Date | Effective Date
description = Description | Uraian | Uraian Transaksi
# Equal rows of one day differ by their journal number only.
reference = Journal No. | Journal
debit = Debit | Debet
credit = Credit | Kredit
amount = Amount
sign = DB/CR
balance = Balance | Saldo
opening_row = Saldo Awal | Opening Balance | Beginning Balance
closing_row = Saldo Akhir | Closing Balance | Ending Balance
total_row = Total | Jumlah
write = Post Date | Value Date | Branch | Journal No. | Description | Debit | Credit | Balance
