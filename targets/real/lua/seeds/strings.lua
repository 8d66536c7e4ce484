local s = ("tine"):rep(3, "-")
print(s:gsub("(%a)(%d*)", "%2%1"), s:find("e%-t"), string.format("%5.2f %q %x", 1.5, s, 255))
for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do print(k, v) end
goto done
::done::
print(string.pack("<i4z", 7, "x"), utf8.char(8364), 7 // 2, 7 >> 1, 2 ^ 10)
