# Mandiri: the layout with two columns named Description, the one with semicolons, the counter's.
name = mandiri
separators = semicolon | comma
numbers = 1,234.56
dates = DD/MM/YY | DD/MM/YYYY | DD/MM/YYYY hh:mm:ss | YYYY-MM-DD
account = Account No | AccountNo | No Rekening | Nomor Rekening
currency_column = Ccy | Currency
booking_date = Date | PostDate | Tgl.
value_date = Val. Date | Tgl. Val.
description = Description | Remarks | AdditionalDesc | Rincian Transaksi
reference = Reference No. | No. Referensi
debit = Debit | Debit Amount
credit = Credit | Credit Amount | Kredit
balance = Close Balance | Saldo | Balance
opening_row = Saldo Awal | Opening Balance
closing_row = Saldo Akhir | Closing Balance
total_row = Total | Jumlah
write = AccountNo | Ccy | PostDate | Remarks | AdditionalDesc | Credit Amount | Debit Amount | Close Balance
