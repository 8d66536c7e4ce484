local s = ("tine"):rep(3)
print(s:gsub("(%a)(%d*)", "%2%1"), s:find("et"), string.format("%5.2f %q %x", 1.5, s, 255))
for k, v in string.gmatch("a=1, b=2", "(%w+)=(%w+)") do print(k, v) end
print(bit.band(7, 12), pcall(error, {1}), 2 ^ 10, 7 % 3)
