/** Every text of the page, in both languages. The switch in the header keeps its choice in the browser. */
const TEXTS = {
  map: ['Map', '地图'],
  objects: ['Objects', '对象'],
  events: ['Events', '事件'],
  logs: ['Logs', '日志'],
  why: ['Why', '为何'],
  from: ['From', '从'],
  to: ['to', '到'],
  health: ['Health', '健康'],
  ready: ['ready', '就绪'],
  notReady: ['not ready', '未就绪'],
  waiting: ['Waiting for Tenon…', '正在等待 Tenon…'],
  lost: ['The connection was lost; trying again', '连接已断开,正在重试'],
  namespace: ['Namespace', '命名空间'],
  all: ['all', '全部'],
  name: ['Name', '名称'],
  kind: ['Kind', '类型'],
  age: ['Age', '时长'],
  reason: ['Reason', '原因'],
  message: ['Message', '消息'],
  about: ['About', '对象'],
  count: ['Count', '次数'],
  nothing: ['Nothing here yet', '暂无内容'],
  pods: ['pods', '个 Pod'],
  outside: ['outside', '集群外'],
  choosePod: ['Choose a pod', '请选择 Pod'],
  container: ['Container', '容器'],
  sources: ['Sources', '来源'],
  layers: ['Layers', '各层'],
  faults: ['Faults', '故障'],
  play: ['Play', '播放'],
  pause: ['Pause', '暂停'],
  step: ['Step', '单步'],
  seed: ['Seed', '种子'],
  again: ['Again', '重来'],
  system: ['Show system objects', '显示系统对象'],
} as const;

export type TextKey = keyof typeof TEXTS;
export type Language = 'en' | 'zh';

const STORAGE = 'tenon-language';

export function initialLanguage(): Language {
  const kept = localStorage.getItem(STORAGE);
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(STORAGE, language);
  document.documentElement.lang = language;
}

/** The texts of one language. */
export function textsOf(language: Language): (key: TextKey) => string {
  return key => TEXTS[key][language === 'zh' ? 1 : 0];
}
