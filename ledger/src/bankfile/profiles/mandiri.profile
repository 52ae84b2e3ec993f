# Mandiri: with credit before debit, with two columns named Description, and the counter's workbook.
name = mandiri
bank = mandiri
encoding = utf-8 | windows-1252
separators = comma | semicolon | tab
numbers = 1,234.56
dates = DD/MM/YY | DD/MM/YYYY | DD/MM/YYYY hh:mm:ss | YYYY-MM-DD
account = Account No | AccountNo | No Rekening | No. Rekening | Nomor Rekening
period = Period | Periode
opening_row = Saldo Awal | Opening Balance
closing_row = Saldo Akhir | Closing Balance
total_row = Total | Jumlah
ignored_row = Dicetak | Printed | Halaman | Page

[layout credit-first]
separators = semicolon | comma | tab
currency_column = Ccy
booking_date = PostDate
description = Remarks | AdditionalDesc
credit = Credit Amount
debit = Debit Amount
balance = Close Balance
write = AccountNo | Ccy | PostDate | Remarks | AdditionalDesc | Credit Amount | Debit Amount | Close Balance

[layout two-descriptions]
# The rows state no balance, so that nothing but totals can show a missing one.
booking_date = Date
value_date = Val. Date
description = Description
reference = Reference No.
debit = Debit
credit = Credit
ignored = Transaction Code
write = Account No | Date | Val. Date | Transaction Code | Description | Description | Reference No. | Debit | Credit

[layout counter]
serial_dates = yes
booking_date = Tgl.
value_date = Tgl. Val.
description = Rincian Transaksi
reference = No. Referensi
debit = Debit | Debet
credit = Kredit | Credit
balance = Saldo | Balance
write = Tgl. | Tgl. Val. | Rincian Transaksi | No. Referensi | Debit | Kredit | Saldo
