/** What the report's page looks like and does; all of it is inside the file. */
export const STYLE = `
:root{--ink:#1f2328;--soft:#656d76;--line:#d0d7de;--ground:#fbfaf7;--good:#2da44e;--bad:#cf222e;--wood:#8a5a2b;color-scheme:light}
*{box-sizing:border-box}
body{margin:0;font:14px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:var(--ink);background:var(--ground)}
html[lang=en] .zh,html[lang=zh] .en{display:none}
header{display:flex;gap:16px;align-items:center;padding:10px 20px;border-bottom:2px solid var(--wood);background:#fff}
header h1{font-size:18px;margin:0;flex:1}
header b{color:var(--wood)}
main{padding:8px 20px 40px;max-width:1240px;margin:auto}
h2{font-size:16px;margin:26px 0 8px;border-bottom:1px solid var(--line);padding-bottom:4px}
button{font:inherit;border:1px solid var(--line);border-radius:6px;background:#fff;padding:3px 10px;cursor:pointer}
.badge{padding:2px 10px;border-radius:12px;color:#fff;background:var(--bad)}
.badge.good{background:var(--good)}
dl{display:flex;flex-wrap:wrap;gap:6px 28px;margin:14px 0 0}
dt{color:var(--soft);font-size:12px}
dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
code{font:12px ui-monospace,monospace;background:#f1e6da;border-radius:4px;padding:1px 5px;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:4px 10px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{color:var(--soft);font-weight:500}
.held{color:var(--good)}.failed{color:var(--bad)}
tr.warn td{background:#fff8e5}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(440px,1fr));gap:14px}
figure{margin:0;padding:10px 12px;background:#fff;border:1px solid var(--line);border-radius:8px}
figcaption{font-weight:600}
figcaption i{font-weight:400;font-style:normal;color:var(--soft)}
svg{width:100%;height:auto;display:block}
.shade{fill:var(--bad);opacity:.08}.grid{stroke:var(--line)}
.tick,.lane{font-size:11px;fill:var(--soft)}
.cursor{stroke:var(--ink);stroke-width:1;visibility:hidden}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:12px;color:var(--soft)}
.legend s{display:inline-block;width:12px;height:3px;margin-right:5px;vertical-align:middle;text-decoration:none}
.legend output{color:var(--ink);font-variant-numeric:tabular-nums}
.timeline .bar{fill:var(--bad);opacity:.55}.timeline .step{stroke:var(--wood);stroke-width:2}
.timeline .event{fill:#bf8700}.timeline .crash,.timeline .violation{fill:var(--bad)}
.empty{color:var(--soft)}
`;

/** Language switch, and one cursor over all plots that tells the values under it. Reads only what the page holds. */
export const SCRIPT = `
const root=document.documentElement;
const tongue=navigator.language.startsWith('zh')?'zh':'en';
root.lang=tongue;
document.getElementById('language').onclick=()=>{root.lang=root.lang==='en'?'zh':'en'};
const data=JSON.parse(document.getElementById('data').textContent);
const plots=[...document.querySelectorAll('svg.plot')];
const clock=t=>{const s=Math.floor(t/1000),p=n=>String(n).padStart(2,'0');return Math.floor(s/3600)+':'+p(Math.floor(s/60)%60)+':'+p(s%60)};
const show=share=>{
  const at=Math.min(data.points-1,Math.floor(share*data.length_ms/data.step_ms));
  plots.forEach((svg,index)=>{
    const cursor=svg.querySelector('.cursor'),x=data.left+share*data.width;
    cursor.setAttribute('x1',x);cursor.setAttribute('x2',x);cursor.style.visibility=share<0?'hidden':'visible';
    svg.parentElement.querySelectorAll('output').forEach((out,line)=>{
      const value=share<0?null:data.values[index][line][at];
      out.textContent=value===null||value===undefined?'':' '+value;
    });
    const when=svg.parentElement.querySelector('time');
    when.textContent=share<0?'':clock(at*data.step_ms);
  });
};
for(const svg of plots){
  svg.onmousemove=event=>{
    const box=svg.getBoundingClientRect();
    const share=((event.clientX-box.left)/box.width*data.whole-data.left)/data.width;
    show(share<0||share>1?-1:share);
  };
  svg.onmouseleave=()=>show(-1);
}
`;
